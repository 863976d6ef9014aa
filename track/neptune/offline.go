package neptune

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/internal/appendfile"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/smallfile"
	"github.com/euryale-ml/euryale/track"
)

// ErrFolder is wrapped by errors about the offline folder.
var ErrFolder = errors.New("neptune's offline folder")

// Files of the folder.
const (
	logFile      = "data-1.log"
	putFile      = "last_put_version"
	ackFile      = "last_ack_version"
	metadataFile = "metadata.json"
	uploadDir    = "upload_path"
)

// clientVersion is the version of the Python client that defines the format.
const clientVersion = "1.14.0"

func offlineRoot(dir string) string { return filepath.Join(dir, ".neptune", "offline") }

// offline is the Sink of the mode Offline.
type offline struct {
	dir     string // of this run, in offlineRoot
	log     *os.File
	end     appendfile.End // end of the complete lines
	version int64          // version of the last operation
	seq     int64          // Seq of the last record that this session has written to log
}

// Outbox separates records in the offline folder from those that are sent, so that an
// offline run can be sent completely once there is a token.
func (*offline) Outbox() string { return "neptune-offline" }

// Open creates the run's folder, or resumes in it. If it was removed after an upload, or the
// upload was acknowledged, a new folder is created.
func (o *offline) Open(_ context.Context, run track.RunInfo) (track.Remote, error) {
	o.closeLog()
	o.seq = 0
	if name := run.Remote.Has["folder"]; name != "" && filepath.Base(name) == name {
		o.dir = filepath.Join(offlineRoot(run.Dir), name)
		if goesOn, err := o.resume(); err != nil {
			return track.Remote{}, err
		} else if goesOn {
			return run.Remote, nil
		}
	}
	return o.begin(run)
}

// begin creates a new folder.
func (o *offline) begin(run track.RunInfo) (track.Remote, error) {
	id := run.ID // as a UUID
	if len(id) == 32 {
		id = strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	key := make([]byte, 8)
	for i := range key {
		key[i] = letters[rand.IntN(len(letters))]
	}
	name := fmt.Sprintf("run__%s__%d__%s", id, os.Getpid(), key)
	o.dir, o.version, o.end = filepath.Join(offlineRoot(run.Dir), name), 0, appendfile.End{}
	if err := atomicfile.MkdirAll(filepath.Join(o.dir, uploadDir), 0o755); err != nil {
		return track.Remote{}, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	metadata, err := json.MarshalIndent(map[string]any{
		"mode": "offline", "containerId": id, "containerType": "run", "structureVersion": 3, "os": runtime.GOOS,
		"pythonVersion": "", "neptuneClientVersion": clientVersion, "createdAt": run.Created.UTC().Format("2006-01-02T15:04:05.000000-07:00"),
	}, "", "  ")
	if err == nil {
		err = o.write(metadataFile, string(metadata))
	}
	if err == nil {
		err = o.write(putFile, "0")
	}
	if err == nil {
		err = o.openLog()
	}
	if err == nil {
		err = o.append(start(run.Name), run.Created)
	}
	if err != nil {
		return track.Remote{}, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return track.Remote{ID: id, Has: map[string]string{"folder": name}}, nil
}

func (o *offline) write(name, text string) error {
	return atomicfile.Write(filepath.Join(o.dir, name), 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

func (o *offline) openLog() (err error) {
	o.log, err = os.OpenFile(filepath.Join(o.dir, logFile), os.O_RDWR|os.O_CREATE, 0o644)
	return err
}

// resume opens the folder to append after its last complete line; false: the folder is
// missing, or was uploaded.
func (o *offline) resume() (bool, error) {
	if _, err := os.Stat(filepath.Join(o.dir, logFile)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if ack, err := smallfile.Read(filepath.Join(o.dir, ackFile), 1<<10); err == nil && len(bytes.TrimSpace(ack)) > 0 && string(bytes.TrimSpace(ack)) != "0" {
		return false, nil
	}
	if err := o.openLog(); err != nil {
		return false, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	r := bufio.NewReader(o.log)
	for o.end, o.version = (appendfile.End{}), 0; ; {
		line, err := r.ReadBytes('\n')
		if err != nil {
			break
		}
		var entry struct {
			Version int64 `json:"version"`
		}
		if json.Unmarshal(line, &entry) != nil || entry.Version <= o.version {
			break
		}
		o.version = entry.Version
		o.end.At += int64(len(line))
	}
	if err := o.log.Truncate(o.end.At); err != nil {
		return false, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return true, nil
}

// append appends operations, all or none, and then writes their last version, without which
// "neptune sync" would upload nothing.
func (o *offline) append(list []operation, at time.Time) error {
	var data []byte
	version := o.version
	for _, op := range list {
		obj, err := o.object(op)
		if err != nil {
			return err
		}
		version++
		line, err := json.Marshal(map[string]any{"obj": obj, "version": version, "at": float64(at.UnixMilli()) / 1000})
		if err != nil {
			return err
		}
		data = append(append(data, line...), '\n')
	}
	if err := o.end.Append(o.log, data); err != nil {
		return err
	}
	o.version = version
	return nil
}

// object returns an operation in the Python client's format.
func (o *offline) object(op operation) (map[string]any, error) {
	switch op.kind {
	case assignFloat:
		return map[string]any{"type": "AssignFloat", "path": op.path, "value": track.Float(op.num)}, nil
	case assignInt:
		return map[string]any{"type": "AssignInt", "path": op.path, "value": op.integer}, nil
	case assignBool:
		return map[string]any{"type": "AssignBool", "path": op.path, "value": op.on}, nil
	case assignString:
		return map[string]any{"type": "AssignString", "path": op.path, "value": op.text}, nil
	case addStrings:
		return map[string]any{"type": "AddStrings", "path": op.path, "values": op.tags}, nil
	case logFloat:
		value := map[string]any{"value": track.Float(op.num), "step": op.step, "ts": float64(op.ms) / 1000}
		return map[string]any{"type": "LogFloats", "path": op.path, "values": []any{value}}, nil
	}
	name, err := o.keep(op)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"type": "UploadFile", "path": op.path, "ext": op.ext, "file_path": nil, "tmp_file_name": name, "clean_after_upload": false,
	}, nil
}

// keep adds a file to the folder: a hard link where possible, since weight files are replaced
// and never changed in place, else a copy.
func (o *offline) keep(op operation) (name string, err error) {
	name = fmt.Sprintf("%s-%d", strings.Join(op.path, "_"), o.version+1)
	if op.ext != "" {
		name += "." + op.ext
	}
	to := filepath.Join(o.dir, uploadDir, name)
	os.Remove(to)
	if op.source == "" {
		return name, o.write(filepath.Join(uploadDir, name), op.text)
	}
	if os.Link(op.source, to) == nil {
		return name, atomicfile.SyncDir(filepath.Dir(to))
	}
	from, err := os.Open(op.source)
	if err != nil {
		return "", err
	}
	defer from.Close()
	return name, atomicfile.Write(to, 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

// Deliver appends records to the folder. If their last version cannot be written, none
// counts as done, and records already in the log are not appended again.
func (o *offline) Deliver(_ context.Context, records []track.Record) (int, error) {
	done, err := o.appendAll(records)
	if perr := o.put(); perr != nil {
		return 0, errors.Join(perr, err)
	}
	return done, err
}

// appendAll returns how many of the records need no further call.
func (o *offline) appendAll(records []track.Record) (done int, err error) {
	for i, r := range records {
		if r.Seq > 0 && r.Seq <= o.seq {
			continue
		}
		if err := o.append(operations(r), r.Time); err != nil {
			err = fmt.Errorf("%w: %w", ErrFolder, err)
			if (r.Kind == track.ImageRecord || r.Kind == track.FileRecord) && !readable(r.Path) {
				return i + 1, &track.Refusal{Records: 1, Err: err}
			}
			return i, err
		}
		o.seq = max(o.seq, r.Seq)
	}
	return len(records), nil
}

func readable(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// put writes the last version.
func (o *offline) put() error {
	if err := errors.Join(o.log.Sync(), o.write(putFile, strconv.FormatInt(o.version, 10))); err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return nil
}

// Close closes the files.
func (o *offline) Close(context.Context) error {
	if o.log == nil {
		return nil
	}
	return errors.Join(o.put(), o.closeLog())
}

func (o *offline) closeLog() error {
	if o.log == nil {
		return nil
	}
	log := o.log
	o.log = nil
	return log.Close()
}
