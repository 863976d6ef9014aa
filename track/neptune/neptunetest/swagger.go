package neptunetest

import (
	"net/http"
	"strings"
)

// parameter describes a parameter of a call in Swagger 2.0.
func parameter(name, in, kind string) map[string]any {
	if in == "body" {
		return map[string]any{"name": name, "in": in, "required": true, "schema": map[string]any{"type": kind}}
	}
	return map[string]any{"name": name, "in": in, "required": false, "type": kind}
}

// documented holds the calls by path and method: the name of each and its parameters.
var documented = map[string]map[string]struct {
	id         string
	parameters []map[string]any
}{
	"/api/backend/v1/clients/config": {"get": {"getClientConfig", []map[string]any{
		parameter("X-Neptune-Api-Token", "header", "string"), parameter("alpha", "query", "string")}}},
	"/api/backend/v1/authorization/oauth-token": {"get": {"exchangeApiToken", []map[string]any{parameter("X-Neptune-Api-Token", "header", "string")}}},
	"/api/backend/v1/projects/get":              {"get": {"getProject", []map[string]any{parameter("projectIdentifier", "query", "string")}}},
	"/api/leaderboard/v1/experiments": {
		"post": {"createExperiment", []map[string]any{parameter("experimentCreationParams", "body", "object"), parameter("X-Neptune-CliVersion", "header", "string")}},
		"get":  {"getExperiment", []map[string]any{parameter("experimentId", "query", "string")}},
	},
	"/api/leaderboard/v1/attributes":      {"get": {"getExperimentAttributes", []map[string]any{parameter("experimentId", "query", "string")}}},
	"/api/leaderboard/v1/attributes/ping": {"post": {"ping", []map[string]any{parameter("experimentId", "query", "string")}}},
	"/api/leaderboard/v1/attributes/operations": {"post": {"executeOperations", []map[string]any{
		parameter("experimentId", "query", "string"), parameter("operations", "body", "array")}}},
	"/api/leaderboard/v1/attributes/storage/file/upload": {"post": {"fileAtomUpload", []map[string]any{
		parameter("experimentIdentifier", "query", "string"), parameter("attribute", "query", "string"), parameter("ext", "query", "string")}}},
	"/api/leaderboard/v1/attributes/storage/file/upload/start": {"post": {"fileAtomMultipartUploadStart", []map[string]any{
		parameter("experimentIdentifier", "query", "string"), parameter("attribute", "query", "string"), parameter("ext", "query", "string"),
		parameter("totalLength", "query", "integer")}}},
	"/api/leaderboard/v1/attributes/storage/file/upload/part": {"post": {"fileAtomMultipartUploadPart", []map[string]any{
		parameter("uploadId", "query", "string"), parameter("uploadPartIdx", "query", "integer")}}},
	"/api/leaderboard/v1/attributes/storage/file/upload/finish": {"post": {"fileAtomMultipartUploadFinish", []map[string]any{
		parameter("experimentIdentifier", "query", "string"), parameter("attribute", "query", "string"), parameter("uploadId", "query", "string")}}},
}

// swagger serves the description of the calls, which the Python client reads first.
func (s *Server) swagger(w http.ResponseWriter, r *http.Request, _ []byte) {
	part := strings.TrimSuffix(r.URL.Path, "swagger.json")
	paths := map[string]any{}
	for path, methods := range documented {
		if !strings.HasPrefix(path, part) {
			continue
		}
		described := map[string]any{}
		for method, call := range methods {
			described[method] = map[string]any{
				"operationId": call.id, "tags": []string{"api"}, "parameters": call.parameters,
				"responses": map[string]any{"200": map[string]any{"description": "good", "schema": answerOf(call.id)}},
			}
		}
		paths[path] = described
	}
	answer(w, http.StatusOK, map[string]any{
		"swagger": "2.0", "info": map[string]string{"title": "Neptune, for tests", "version": "1"}, "host": strings.TrimPrefix(s.URL, "http://"),
		"schemes": []string{"http"}, "consumes": []string{"application/json"}, "produces": []string{"application/json"}, "paths": paths, "definitions": definitions(),
	})
}

// objects holds the objects of answers by name, with their fields: name:type, name:#Object,
// or name:[Object for a list. A field without a type is text.
var objects = map[string][]string{
	"Config":       {"apiUrl", "applicationUrl", "pyLibVersions:#Versions", "multiPartUpload:#MultiPart", "artifacts:#Artifacts", "security:#Nothing"},
	"Versions":     {"minRecommendedVersion", "minCompatibleVersion", "maxCompatibleVersion"},
	"MultiPart":    {"enabled:boolean", "minChunkSize:integer", "maxChunkSize:integer", "maxChunkCount:integer", "maxSinglePartSize:integer"},
	"Artifacts":    {"enabled:boolean"},
	"Nothing":      {},
	"Token":        {"accessToken", "refreshToken", "username"},
	"Project":      {"id", "name", "organizationName", "organizationId", "projectKey", "version:integer"},
	"Experiment":   {"id", "shortId", "organizationId", "organizationName", "projectId", "projectName", "parentId", "type", "trashed:boolean", "customId"},
	"Attributes":   {"experimentId", "type", "attributes:[Attribute"},
	"Attribute":    {"name", "type"},
	"Error":        {"errorDescription"},
	"UploadAnswer": {"uploadId", "errors:[Error"},
}

// answers maps each call to the object of its answer.
var answers = map[string]string{
	"getClientConfig": "Config", "exchangeApiToken": "Token", "getProject": "Project", "createExperiment": "Experiment",
	"getExperiment": "Experiment", "getExperimentAttributes": "Attributes", "ping": "Nothing",
}

func reference(name string) map[string]any { return map[string]any{"$ref": "#/definitions/" + name} }

func answerOf(call string) map[string]any {
	if call == "executeOperations" {
		return map[string]any{"type": "array", "items": reference("Error")}
	}
	if name := answers[call]; name != "" {
		return reference(name)
	}
	return reference("UploadAnswer")
}

func definitions() map[string]any {
	all := map[string]any{}
	for name, fields := range objects {
		properties := map[string]any{}
		for _, f := range fields {
			field, kind, _ := strings.Cut(f, ":")
			switch {
			case kind == "":
				properties[field] = map[string]any{"type": "string", "x-nullable": true}
			case kind[0] == '#':
				properties[field] = reference(kind[1:])
			case kind[0] == '[':
				properties[field] = map[string]any{"type": "array", "items": reference(kind[1:])}
			default:
				properties[field] = map[string]any{"type": kind}
			}
		}
		all[name] = map[string]any{"type": "object", "properties": properties}
	}
	return all
}
