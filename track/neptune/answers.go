package neptune

import "encoding/json"

// uploadErrors returns the errors in the answer to an upload. The answer may be empty.
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
