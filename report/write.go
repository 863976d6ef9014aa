package report

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// Files of a report.
const (
	HTMLFile     = "report.html"
	MarkdownFile = "report.md"
)

// Write writes HTMLFile and MarkdownFile into a folder, which it creates if it is missing.
// Each file is replaced atomically.
func (r *Report) Write(ctx context.Context, dir string) error {
	if err := atomicfile.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for name, write := range map[string]func(context.Context, io.Writer) error{HTMLFile: r.WriteHTML, MarkdownFile: r.WriteMarkdown} {
		err := atomicfile.Write(filepath.Join(dir, name), 0o644, func(w io.Writer) error { return write(ctx, w) })
		if err != nil {
			return fmt.Errorf("report: %s: %w", name, err)
		}
	}
	return nil
}
