package report_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/report"
	"github.com/euryale-ml/euryale/run"
)

// FuzzReport reads run folders that hold anything.
func FuzzReport(f *testing.F) {
	f.Add([]byte("{}"), []byte(""), []byte(""), []byte(""))
	f.Add([]byte(`{"name":"a","status":"finished","test_images":3,"best":{"epoch":2,"accuracy":0.5,"loss":1},"last":{"epoch":2,"accuracy":0.5}}`),
		[]byte("format: 1\nname: a\n"),
		[]byte(`{"kind":"epoch","epoch":1,"step":1,"split":"test","loss":1e300,"accuracy":0.5,"time":"2026-01-02T03:04:05Z"}`+"\n"),
		[]byte(`{"index":0,"image":"a.jpg","label":1,"predicted":0,"probability":0.5,"loss":1}`+"\n"+`{"index":7,"label":0,"predicted":0}`+"\n"))
	f.Add([]byte(`{"status":"failed","error":"a/b/c\nd","test_images":-5,"seconds":-1,"parameters":-9,"best":{"accuracy":7e300,"epoch":-4},"last":{"accuracy":-1}}`),
		[]byte("format: 99\n"), []byte(`{"kind":"step","epoch":-3,"loss":null,"accuracy":-1e29}`+"\n"), []byte(`{"label":99999999,"predicted":1}`))
	f.Fuzz(func(t *testing.T, summary, config, metrics, predictions []byte) {
		dir := t.TempDir()
		for name, data := range map[string][]byte{
			run.SummaryFile: summary, run.ConfigFile: config, "metrics.jsonl": metrics, run.PredictionsFile: predictions,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		read, err := report.Read(dir)
		if err != nil {
			return
		}
		r, err := report.New([]*report.Run{read, {Folder: "other", Summary: &run.Report{Best: read.Summary.Best, Last: read.Summary.Last}}},
			report.Options{Images: noImages})
		if err != nil {
			t.Fatal(err)
		}
		var page, text bytes.Buffer
		if err := r.WriteHTML(context.Background(), &page); err != nil {
			t.Fatal(err)
		}
		if err := r.WriteMarkdown(context.Background(), &text); err != nil {
			t.Fatal(err)
		}
		if s := page.String(); strings.Contains(s, `="NaN`) || strings.Contains(s, "M NaN") {
			t.Error("the page has coordinates that are no numbers")
		}
	})
}
