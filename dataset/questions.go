package dataset

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// size is an archive's size on the server; that of the official one if the server
// does not state it.
func (f fetcher) size(ctx context.Context, a archive) int64 {
	answer, w, err := f.send(ctx, http.MethodHead, a.name, "")
	if err != nil {
		return a.size
	}
	defer w.stop()
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.ContentLength <= 0 {
		return a.size
	}
	return answer.ContentLength
}

// total is the size of all archives.
func (f fetcher) total(ctx context.Context, all []archive) (bytes int64) {
	ctx, cancel := context.WithTimeout(ctx, f.patience.sizes)
	defer cancel()
	for _, a := range all {
		bytes += f.size(ctx, a)
	}
	return bytes
}

// ownChecksums replaces the official checksums by those that the server offers.
func (f fetcher) ownChecksums(ctx context.Context, official []archive) ([]archive, error) {
	own := slices.Clone(official)
	for i := range own {
		sum, err := f.ownChecksum(ctx, own[i].name+".md5")
		if err != nil {
			return nil, err
		}
		if sum != "" {
			own[i].md5 = sum
		}
	}
	return own, nil
}

// ownChecksum reads a file with a checksum; "" if the server has none.
func (f fetcher) ownChecksum(ctx context.Context, name string) (string, error) {
	for t := f.patience.tries(0); ; {
		sum, err := f.checksum(ctx, name)
		if err == nil || !isTransient(err) {
			return sum, nil
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if !t.again(ctx, 0) {
			return "", fmt.Errorf("%s: %w (%d tries)", name, err, t.n)
		}
	}
}

func (f fetcher) checksum(ctx context.Context, name string) (string, error) {
	answer, w, err := f.send(ctx, http.MethodGet, name, "")
	if err != nil {
		return "", err
	}
	defer w.stop()
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", f.refused(answer)
	}
	text, err := io.ReadAll(w.body(io.LimitReader(answer.Body, 4096)))
	if err != nil {
		return "", transientError{fmt.Errorf("%w: %w", ErrDownload, err)}
	}
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return "", nil
	}
	if sum, err := hex.DecodeString(fields[0]); err != nil || len(sum) != md5.Size {
		return "", nil
	}
	return strings.ToLower(fields[0]), nil
}
