package neptune

import "encoding/json"

// uploadErrors are those in the answer to an upload, which may be empty.
func uploadErrors(body []byte) []string {
	var answer struct {
		Description string        `json:"errorDescription"`
		Errors      []errorAnswer `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	bad := descriptions(answer.Errors)
	if answer.Description != "" {
		bad = append(bad, answer.Description)
	}
	return bad
}
