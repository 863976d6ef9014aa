package run

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestScoresJSON(t *testing.T) {
	s := Scores{Point: Point{Epoch: 2, Step: 9, Accuracy: 0.5, BalancedAccuracy: 0.25, Loss: 1.5}, Top5Accuracy: 0}
	data, err := json.Marshal(s)
	if want := `{"epoch":2,"step":9,"accuracy":0.5,"balanced_accuracy":0.25,"top5_accuracy":0,"loss":1.5}`; err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
	var back Scores
	if err := json.Unmarshal(data, &back); err != nil || back != s {
		t.Errorf("%+v, %v", back, err)
	}
	// A file of an earlier version, and a loss that was not finite.
	if err := json.Unmarshal([]byte(`{"epoch":1,"step":3,"accuracy":0.5,"balanced_accuracy":0.5,"loss":null}`), &back); err != nil ||
		!math.IsNaN(back.Top5Accuracy) || back.Accuracy != 0.5 || !math.IsNaN(back.Loss) {
		t.Errorf("%+v, %v", back, err)
	}
	back.Loss = math.Inf(1)
	if data, err := json.Marshal(Report{Best: &back}); err != nil || !strings.Contains(string(data), `"loss":null`) || strings.Contains(string(data), "top5") {
		t.Errorf("%s, %v", data, err)
	}
	if err := json.Unmarshal([]byte(`{"epoch":"x"}`), &back); err == nil {
		t.Error("no error for an epoch that is a word")
	}
}
