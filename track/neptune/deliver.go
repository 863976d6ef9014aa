package neptune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/internal/narrow"
	"github.com/euryale-ml/euryale/track"
)

// maxOperations is the most operations, and the most values in total, in a request.
const maxOperations = 1000

// Deliver sends records in order: consecutive records without files in one request, as many
// as fit. If the server refuses a request, it is split down to single values; the records
// with refused values are counted.
func (o *online) Deliver(ctx context.Context, records []track.Record) (done int, err error) {
	refused := &track.Refusal{}
	for done < len(records) && err == nil {
		n, ops := gather(records[done:])
		if n == 0 {
			n, err = o.file(ctx, records[done], ops[0], refused)
		} else {
			n, err = o.values(ctx, records[done:done+n], refused)
		}
		done += n
	}
	if err != nil {
		err = o.explain(err)
	}
	return narrow.Ended(done, refused, err)
}

// values sends records without files.
func (o *online) values(ctx context.Context, records []track.Record, refused *track.Refusal) (done int, err error) {
	parts := &track.Refusal{}
	done, err = narrow.Send(records, func(some []track.Record) error {
		var ops []operation
		for _, r := range some {
			ops = append(ops, operations(r)...)
		}
		bad, err := o.execute(ctx, ops)
		if err == nil && len(bad) > 0 { // only the text of the answer names them
			parts.Records += min(len(bad), len(some))
			parts.Err = cmp.Or(parts.Err, o.complaint(bad))
		}
		return err
	}, ofRequest, parts)
	refused.Records += min(parts.Records, done) // a record may be in several requests
	refused.Err = cmp.Or(refused.Err, parts.Err)
	return done, err
}

// ofRequest reports whether an error is about the contents of the request.
func ofRequest(err error) bool {
	var status *httpsend.StatusError
	return errors.As(err, &status) && status.OfRequest()
}

// complaint makes an error from the server's answers to refused operations.
func (o *online) complaint(bad []string) error {
	return fmt.Errorf("neptune: %s", o.http.Message(strings.Join(bad[:min(len(bad), 3)], "; ")))
}

// file sends a file.
func (o *online) file(ctx context.Context, r track.Record, op operation, refused *track.Refusal) (done int, err error) {
	bad, err := o.upload(ctx, op)
	switch {
	case err == nil && len(bad) == 0:
	case err == nil:
		narrow.Add(refused, r, o.complaint(bad))
	case errors.Is(err, errFile), ofRequest(err), o.fileFails(ctx, err):
		narrow.Add(refused, r, err)
	default:
		return 0, err
	}
	o.failed = 0
	return 1, nil
}

// maxFileTries is how often the server may fail to accept a file before the records after it
// are sent without it.
const maxFileTries = 4

// fileFails reports whether a file is to be skipped so that the records after it are sent:
// the server has failed with it for some time, but answers other requests.
func (o *online) fileFails(ctx context.Context, err error) bool {
	var status *httpsend.StatusError
	if !errors.As(err, &status) || errors.Is(err, track.ErrStop) || status.Status == http.StatusNotFound {
		return false
	}
	if o.failed++; o.failed < maxFileTries {
		return false
	}
	return o.known(ctx) == nil
}

// known returns an error if the server does not have the run.
func (o *online) known(ctx context.Context) error {
	return o.call(ctx, http.MethodGet, leaderboard+"attributes", url.Values{"experimentId": {o.run.ID}}, nil, nil)
}

// gather returns the operations of the first n records, up to a file or the limit. If a file
// is first, n is 0 and the operation is its upload.
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

// execute sends operations, and returns the server's answers to those that it refused.
func (o *online) execute(ctx context.Context, ops []operation) (bad []string, err error) {
	for some := range slices.Chunk(ops, maxOperations) {
		of, repeated, err := o.request(ctx, encode(some))
		if err == nil && repeated { // a value that a series already has may have blocked those after it
			o.http.Repeat(httpsend.Always) // both requests may be repeated after an error
			of, _, err = o.request(ctx, singly(some))
			o.http.Repeat(httpsend.Never)
		}
		if err != nil {
			return bad, err
		}
		bad = append(bad, of...)
	}
	return bad, nil
}

// request sends encoded operations. repeated: the server already has some of the values.
func (o *online) request(ctx context.Context, ops []map[string]any) (bad []string, repeated bool, err error) {
	var answer []struct {
		Description string `json:"errorDescription"`
	}
	err = o.call(ctx, http.MethodPost, leaderboard+"attributes/operations", url.Values{"experimentId": {o.run.ID}}, ops, &answer)
	for _, e := range answer {
		if isRepetition(e.Description) {
			repeated = true
		} else {
			bad = append(bad, e.Description)
		}
	}
	return bad, repeated, err
}

// isRepetition reports whether the server refused a value because it already has it: a
// series accepts each step once, so values sent again after a lost answer do no harm.
func isRepetition(description string) bool {
	return strings.Contains(strings.ToLower(description), "strictly increasing")
}

// encode converts operations to the server's JSON. The values of a field are merged into
// one operation, at the position of the first.
func encode(ops []operation) (list []map[string]any) {
	series := map[string]int{} // index in list
	for _, op := range ops {
		path := strings.Join(op.path, "/")
		body := map[string]any{"path": path}
		switch op.kind {
		case assignFloat:
			body["assignFloat"] = map[string]any{"value": track.Float(op.num)}
		case assignInt:
			body["assignInt"] = map[string]any{"value": op.integer}
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

// singly is like encode, with an operation for each value.
func singly(ops []operation) (list []map[string]any) {
	for i := range ops {
		list = append(list, encode(ops[i:i+1])...)
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
		return nil, fmt.Errorf("%w: %s is not a file", errFile, op.source)
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

// inParts sends a file part by part, without holding a part in memory.
func (o *online) inParts(ctx context.Context, query url.Values, f io.ReaderAt, size int64) (bad []string, err error) {
	begin := url.Values{"totalLength": {fmt.Sprint(size)}}
	for k, v := range query {
		begin[k] = v
	}
	o.http.Repeat(httpsend.Always)
	defer o.http.Repeat(httpsend.Never)
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
	o.http.Repeat(httpsend.Untaken)
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
func (o *online) put(ctx context.Context, call string, query url.Values, header http.Header, body io.ReaderAt, size int64) (bad []string, err error) {
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/octet-stream")
	answer, err := o.send(ctx, httpsend.Request{
		Method: http.MethodPost, Path: storage + call, Query: query, Header: header, Length: size,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(body, 0, size)), nil },
	})
	if err != nil {
		return nil, err
	}
	if !httpsend.IsObject(answer.Body) {
		return nil, fmt.Errorf("neptune: POST %s: the answer is not the JSON that was expected: %s", storage+call, o.http.Message(string(answer.Body)))
	}
	return uploadErrors(answer.Body), nil
}
