package mlflow

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
)

// textPath is the path of a text's file among the run's artifacts.
func textPath(name string) string {
	if name == "config" {
		return run.ConfigFile
	}
	p := artifactPath(name)
	if path.Ext(p) == "" {
		p += ".txt"
	}
	return p
}

// artifactPath makes a path among the run's artifacts from a name.
func artifactPath(name string) string {
	p := strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")
	if p == "" {
		return "file"
	}
	return p
}

// loggedImages is the tag that makes the server's page show pictures.
const loggedImages = "mlflow.loggedImages"

// image sends a picture under a name from which the server's page reads key and step.
func (s *Sink) image(ctx context.Context, r track.Record) error {
	if !s.images {
		if err := s.logBatch(ctx, batch{tags: []tag{{loggedImages, "True"}}}); err != nil {
			return err
		}
		s.images = true
	}
	name := strings.ReplaceAll(key(r.Name), "/", "~")
	name = fmt.Sprintf("images/%s+step+%d+timestamp+%d+%s", name, r.Step, r.Time.UnixMilli(), uuid(s.runID, r.Name, r.Step))
	s.http.Repeat(httpsend.Always) // both files are sent again after an error
	defer s.http.Repeat(httpsend.Never)
	// The page shows a second file, a small WebP if the Python client made it. Browsers
	// detect the format from the contents.
	if err := s.putFile(ctx, name+".png", r.Path); err != nil {
		return err
	}
	return s.putFile(ctx, name+"+compressed.webp", r.Path)
}

// putFile sends a file without holding it in memory.
func (s *Sink) putFile(ctx context.Context, name, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnsendable, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is not a file", errUnsendable, file)
	}
	return s.artifact(ctx, name, func() (io.ReadCloser, error) { return os.Open(file) }, info.Size())
}

// put sends a text as a file.
func (s *Sink) put(ctx context.Context, name, text string) error {
	return s.artifact(ctx, name, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }, int64(len(text)))
}

// artifactAPI is the prefix of the path of each file.
const artifactAPI = "/api/2.0/mlflow-artifacts/artifacts"

func (s *Sink) artifact(ctx context.Context, name string, open func() (io.ReadCloser, error), size int64) error {
	if s.noArtifacts != nil {
		return s.noArtifacts
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		parts = append(parts, url.PathEscape(part))
	}
	_, err := s.http.Send(ctx, httpsend.Request{
		Method: http.MethodPut,
		Path:   artifactAPI + s.root + "/" + strings.Join(parts, "/"),
		Header: http.Header{"Content-Type": {kind}}, Open: open, Length: size,
	})
	return err
}
