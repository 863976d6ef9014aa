// Package neptunetest is a server of the Neptune protocol for tests: it records the data that
// a client sends, and reports requests that the Python client would not make.
package neptunetest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Point is a value of a series.
type Point struct {
	Value float64
	Step  float64
	MS    int64
}

// Run is a run as the server received it.
type Run struct {
	ID, ShortID, CustomID string
	Fields                map[string]any     // bool, string, float64, int64
	Series                map[string][]Point // by path
	Tags                  []string
	Files                 map[string][]byte // by path and extension, path.ext
	Pings                 int
}

// Server is the server. Its fields may be set before it is used.
type Server struct {
	*httptest.Server
	Project string // workspace/name
	// Before is called first; true: it has answered the request.
	Before func(w http.ResponseWriter, r *http.Request) bool
	// TokenLife is how long an access token lasts; 0: an hour.
	TokenLife time.Duration
	// Strict refuses values of a series whose steps do not grow, as real servers do.
	Strict bool

	mu       sync.Mutex
	runs     map[string]*Run
	problems []string
	access   string // the valid access token
	tokens   int
	uploads  map[string]*partial
}

type partial struct {
	run, attribute, ext string
	total               int64
	data                []byte
}

const (
	apiKey    = "the-api-key"
	projectID = "00000000-0000-0000-0000-000000000002"
)

// New starts a server.
func New() *Server {
	s := &Server{Project: "ws/pets", Strict: true, runs: map[string]*Run{}, uploads: map[string]*partial{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Token is the value of NEPTUNE_API_TOKEN.
func (s *Server) Token() string {
	data, _ := json.Marshal(map[string]string{"api_address": s.URL, "api_url": s.URL, "api_key": apiKey})
	return base64.StdEncoding.EncodeToString(data)
}

// Runs returns copies of the runs in order of creation.
func (s *Server) Runs() []Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Run
	for _, r := range s.runs {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Run) int { return strings.Compare(a.ShortID, b.ShortID) })
	return list
}

// Problems returns the problems found in requests.
func (s *Server) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.problems)
}

func (s *Server) complain(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.Before != nil && s.Before(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.complain("%s: the body: %v", r.URL.Path, err)
	}
	if r.ContentLength < 0 {
		s.complain("%s: no Content-Length", r.URL.Path)
	}
	call := r.Method + " " + r.URL.Path
	if serve := open[call]; serve != nil {
		serve(s, w, r, body)
		return
	}
	serve := closed[call]
	if serve == nil {
		answer(w, http.StatusNotFound, map[string]string{"title": "no such endpoint: " + call})
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+s.access || s.access == "" {
		answer(w, http.StatusUnauthorized, map[string]string{"title": "the access token is not valid"})
		return
	}
	serve(s, w, r, body)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

type handler func(s *Server, w http.ResponseWriter, r *http.Request, body []byte)

// open maps the calls that need no access token to their handlers.
var open = map[string]handler{
	"GET /api/backend/swagger.json":                           (*Server).swagger,
	"GET /api/leaderboard/swagger.json":                       (*Server).swagger,
	"GET /api/backend/v1/clients/config":                      (*Server).config,
	"GET /api/backend/v1/authorization/oauth-token":           (*Server).signIn,
	"POST /auth/realms/neptune/protocol/openid-connect/token": (*Server).refresh,
}

// closed maps the other calls to their handlers.
var closed = map[string]handler{
	"GET /api/backend/v1/projects/get":                               (*Server).getProject,
	"POST /api/leaderboard/v1/experiments":                           (*Server).create,
	"GET /api/leaderboard/v1/experiments":                            (*Server).getRun,
	"GET /api/leaderboard/v1/attributes":                             (*Server).attributes,
	"POST /api/leaderboard/v1/attributes/ping":                       (*Server).ping,
	"POST /api/leaderboard/v1/attributes/operations":                 (*Server).operations,
	"POST /api/leaderboard/v1/attributes/storage/file/upload":        (*Server).upload,
	"POST /api/leaderboard/v1/attributes/storage/file/upload/start":  (*Server).uploadStart,
	"POST /api/leaderboard/v1/attributes/storage/file/upload/part":   (*Server).uploadPart,
	"POST /api/leaderboard/v1/attributes/storage/file/upload/finish": (*Server).uploadFinish,
}

func (s *Server) config(w http.ResponseWriter, r *http.Request, _ []byte) {
	s.wantAPIToken(r)
	if r.URL.Query().Get("alpha") != "true" {
		s.complain("config: query %s", r.URL.RawQuery)
	}
	answer(w, http.StatusOK, map[string]any{
		"apiUrl": s.URL, "applicationUrl": s.URL, "pyLibVersions": map[string]any{}, "artifacts": map[string]bool{"enabled": false}, "security": map[string]any{},
		"multiPartUpload": map[string]any{"enabled": true, "minChunkSize": 5242880, "maxChunkSize": 1073741824, "maxChunkCount": 1000, "maxSinglePartSize": 5242880},
	})
}

func (s *Server) wantAPIToken(r *http.Request) {
	if got := r.Header.Get("X-Neptune-Api-Token"); got != s.Token() {
		s.complain("%s: X-Neptune-Api-Token %q", r.URL.Path, got)
	}
}

// newAccess makes an access token: a JWT, since clients decode it.
func (s *Server) newAccess() string {
	life := s.TokenLife
	if life == 0 {
		life = time.Hour
	}
	s.tokens++
	part := func(v any) string {
		data, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	now := time.Now()
	s.access = part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + part(map[string]any{
		"exp": now.Add(life).Unix(), "iat": now.Unix(), "azp": "neptune-cli", "iss": s.URL + "/auth/realms/neptune",
		"preferred_username": "me", "jti": strconv.Itoa(s.tokens),
	}) + "." + base64.RawURLEncoding.EncodeToString([]byte("signature"))
	return s.access
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, _ []byte) {
	s.wantAPIToken(r)
	answer(w, http.StatusOK, map[string]string{"accessToken": s.newAccess(), "refreshToken": "refresh-" + strconv.Itoa(s.tokens), "username": "me"})
}

func (s *Server) refresh(w http.ResponseWriter, r *http.Request, body []byte) {
	form := fmt.Sprintf("client_id=neptune-cli&grant_type=refresh_token&refresh_token=refresh-%d", s.tokens)
	got := strings.Split(string(body), "&")
	slices.Sort(got)
	if strings.Join(got, "&") != form {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	access := s.newAccess()
	answer(w, http.StatusOK, map[string]any{"access_token": access, "refresh_token": "refresh-" + strconv.Itoa(s.tokens), "expires_in": 300, "refresh_expires_in": 1800, "token_type": "bearer"})
}

// Expire makes the access token invalid.
func (s *Server) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access = ""
}

func (s *Server) getProject(w http.ResponseWriter, r *http.Request, _ []byte) {
	if name := r.URL.Query().Get("projectIdentifier"); name != s.Project {
		answer(w, http.StatusNotFound, map[string]string{"title": "no project " + name, "errorType": "PROJECT_NOT_FOUND"})
		return
	}
	workspace, name, _ := strings.Cut(s.Project, "/")
	answer(w, http.StatusOK, map[string]any{
		"id": projectID, "name": name, "organizationName": workspace, "organizationId": "00000000-0000-0000-0000-000000000001", "projectKey": "PETS", "version": 2,
	})
}
