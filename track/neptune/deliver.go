package neptune

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/track"
)

// maxOperations is the number in a request, and of values in all of them.
const maxOperations = 1000

// Deliver sends records in order: what is no file, as many as fit, in one request.
func (o *online) Deliver(ctx context.Context, records []track.Record) (done int, err error) {
	refused := &track.Refusal{}
	for done < len(records) {
		n, ops := gather(records[done:])
		var bad []string
		if n == 0 {
			n = 1
			bad, err = o.upload(ctx, ops[0])
		} else {
			bad, err = o.execute(ctx, ops)
		}
		var status *httpsend.StatusError
		switch {
		case err == nil:
		case errors.Is(err, errFile), errors.As(err, &status) && !errors.Is(err, track.ErrStop) && !track.Passes(err) && status.Status != http.StatusNotFound:
			refused.Records += n
			refused.Err = err
		default:
			return done, o.explain(err)
		}
		if len(bad) > 0 {
			refused.Records += min(len(bad), n)
			refused.Err = fmt.Errorf("neptune: %s", strings.Join(bad[:min(len(bad), 3)], "; "))
		}
		done += n
	}
	if refused.Records > 0 {
		return done, refused
	}
	return done, nil
}

// gather takes the operations of the first records, up to a file or the limit. Where a
// file is first, n is 0 and the operation is its upload.
func gather(records []track.Record) (n int, ops []operation) {
	for _, r := range records {
		more := operations(r)
		if len(more) == 1 && more[0].kind == upload {
			if n == 0 {
				return 0, more
			}
			break
		}
		if n > 0 && len(ops)+len(more) > maxOperations {
			break
		}
		ops = append(ops, more...)
		n++
	}
	return n, ops
}

// execute sends operations, and returns what the server says of those that it refused.
func (o *online) execute(ctx context.Context, ops []operation) (bad []string, err error) {
	for len(ops) > 0 {
		some := ops[:min(len(ops), maxOperations)]
		ops = ops[len(some):]
		var answer []struct {
			Description string `json:"errorDescription"`
		}
		err := o.call(ctx, http.MethodPost, leaderboard+"attributes/operations", url.Values{"experimentId": {o.run.ID}}, encode(some), &answer)
		if err != nil {
			return bad, err
		}
		for _, e := range answer {
			if !isRepetition(e.Description) {
				bad = append(bad, e.Description)
			}
		}
	}
	return bad, nil
}

// isRepetition reports whether the server refused a value because it has it: a series
// takes each step once, so that what is sent again after a lost answer does no harm.
func isRepetition(description string) bool {
	return strings.Contains(strings.ToLower(description), "strictly increasing")
}

// encode writes operations as the server reads them: those of a field's values together,
// in the place of the first.
func encode(ops []operation) (list []map[string]any) {
	series := map[string]int{} // index in list
	for _, op := range ops {
		path := strings.Join(op.path, "/")
		body := map[string]any{"path": path}
		switch op.kind {
		case assignFloat:
			body["assignFloat"] = map[string]any{"value": track.Float(op.num)}
		case assignInt:
			body["assignInt"] = map[string]any{"value": op.whole}
		case assignBool:
			body["assignBool"] = map[string]any{"value": op.on}
		case assignString:
			body["assignString"] = map[string]any{"value": op.text}
		case addStrings:
			body["insertStrings"] = map[string]any{"values": op.tags}
		case logFloat:
			entry := map[string]any{"value": track.Float(op.num), "step": track.Float(op.step), "timestampMilliseconds": op.ms}
			if i, ok := series[path]; ok {
				floats := list[i]["logFloats"].(map[string]any)
				floats["entries"] = append(floats["entries"].([]any), entry)
				continue
			}
			series[path] = len(list)
			body["logFloats"] = map[string]any{"entries": []any{entry}}
		}
		list = append(list, body)
	}
	return list
}

// errFile is wrapped by errors about files that cannot be read.
var errFile = errors.New("neptune: a file cannot be sent")

// upload sends a file, in parts if it is large.
func (o *online) upload(ctx context.Context, op operation) (bad []string, err error) {
	query := url.Values{"experimentIdentifier": {o.run.ID}, "attribute": {strings.Join(op.path, "/")}, "ext": {op.ext}}
	if op.source == "" {
		return o.put(ctx, "upload", query, nil, strings.NewReader(op.text), int64(len(op.text)))
	}
	f, err := os.Open(op.source)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFile, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no file", errFile, op.source)
	}
	single := o.parts.MaxSingle
	if single <= 0 {
		single = 5 << 20
	}
	if info.Size() <= single || !o.parts.Enabled {
		return o.put(ctx, "upload", query, nil, f, info.Size())
	}
	return o.inParts(ctx, query, f, info.Size())
}

// inParts sends a file part by part, none of them in memory.
func (o *online) inParts(ctx context.Context, query url.Values, f io.ReaderAt, size int64) (bad []string, err error) {
	begin := url.Values{"totalLength": {fmt.Sprint(size)}}
	for k, v := range query {
		begin[k] = v
	}
	var started struct {
		ID     string        `json:"uploadId"`
		Errors []errorAnswer `json:"errors"`
	}
	if err := o.call(ctx, http.MethodPost, storage+"upload/start", begin, nil, &started); err != nil {
		return nil, err
	}
	if len(started.Errors) > 0 || started.ID == "" {
		return append(descriptions(started.Errors), "an upload could not be started"), nil
	}
	part := max(o.parts.MinChunk, 5<<20)
	if o.parts.MaxChunks > 0 {
		part = max(part, (size+o.parts.MaxChunks-1)/o.parts.MaxChunks)
	}
	for i, at := 0, int64(0); at < size; i, at = i+1, at+part {
		n := min(part, size-at)
		q := url.Values{
			"uploadId": {started.ID}, "uploadPartIdx": {fmt.Sprint(i)}, "experimentIdentifier": query["experimentIdentifier"], "attribute": query["attribute"],
		}
		header := http.Header{"X-Range": {fmt.Sprintf("bytes=%d-%d/%d", at, at+n-1, size)}}
		if bad, err := o.put(ctx, "upload/part", q, header, io.NewSectionReader(f, at, n), n); err != nil || len(bad) > 0 {
			return bad, err
		}
	}
	end := url.Values{"experimentIdentifier": query["experimentIdentifier"], "attribute": query["attribute"], "uploadId": {started.ID}}
	var ended struct {
		Errors []errorAnswer `json:"errors"`
	}
	err = o.call(ctx, http.MethodPost, storage+"upload/finish", end, nil, &ended)
	return descriptions(ended.Errors), err
}

const storage = leaderboard + "attributes/storage/file/"

type errorAnswer struct {
	Description string `json:"errorDescription"`
}

func descriptions(errs []errorAnswer) (list []string) {
	for _, e := range errs {
		list = append(list, e.Description)
	}
	return list
}

// put sends a body.
func (o *online) put(ctx context.Context, call string, query url.Values, header http.Header, body io.ReadSeeker, size int64) (bad []string, err error) {
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/octet-stream")
	answer, err := o.send(ctx, httpsend.Request{
		Method: http.MethodPost, Path: storage + call, Query: query, Header: header, Length: size,
		Open: func() (io.ReadCloser, error) {
			_, err := body.Seek(0, io.SeekStart) // a second time, with another access token
			return io.NopCloser(body), err
		},
	})
	if err != nil {
		return nil, err
	}
	return uploadErrors(answer.Body), nil
}
