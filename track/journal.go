package track

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/euryale-ml/euryale/internal/appendfile"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/filelock"
	"github.com/euryale-ml/euryale/internal/smallfile"
	"github.com/euryale-ml/euryale/run"
)

// Files of an outbox.
const (
	recordsFile = "outbox.jsonl"
	stateFile   = "state.json"
	lockFile    = ".lock"
)

// outboxFormat is the version of the files.
const outboxFormat = 1

// ErrOutbox is wrapped by errors about the files of an outbox.
var ErrOutbox = errors.New("the tracker's outbox")

// state is an outbox's state besides its records, as saved in its file.
type state struct {
	Format  int       `json:"format"`
	ID      string    `json:"id"` // of the run, for the service
	Created time.Time `json:"created"`
	Remote  Remote    `json:"remote"`
	Done    int64     `json:"done"` // the last Seq that was delivered or refused
	Refused int       `json:"refused,omitempty"`
}

// journal is the files of an outbox: a file of records, and the state. Records are synced to
// the disk before a state that counts them is written, and at most syncEvery after they
// were appended.
type journal struct {
	dir     string
	lock    *filelock.Lock
	file    *os.File // appended to
	read    *os.File
	end     appendfile.End // end of the complete lines
	at      int64          // offset of the next record to be sent
	lastSeq int64
	state   state
	left    int       // records that were still to be sent when it was opened
	dirty   bool      // the file has records that may not be synced
	synced  time.Time // the last attempt to sync
	damaged bool      // records after a malformed line were cut off
}

// openJournal opens the files in a folder, which it creates if it is missing, and calls each
// for every record.
func openJournal(dir string, each func(Record)) (j *journal, err error) {
	if err := atomicfile.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	j = &journal{dir: dir}
	defer func() {
		if err != nil {
			j.close()
		}
	}()
	if j.lock, err = filelock.Acquire(filepath.Join(dir, lockFile)); err != nil {
		return j, fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	if err := errors.Join(atomicfile.Clean(dir), j.readState()); err != nil {
		return j, err
	}
	path := filepath.Join(dir, recordsFile)
	if j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return j, fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	if j.read, err = os.Open(path); err != nil {
		return j, fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	if err := atomicfile.SyncDir(dir); err != nil { // the new file's name
		return j, fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	return j, j.scan(each)
}

// maxState is the largest state file that is read, in bytes.
const maxState = 16 << 20

func (j *journal) readState() error {
	path := filepath.Join(j.dir, stateFile)
	data, err := smallfile.Read(path, maxState)
	if errors.Is(err, fs.ErrNotExist) {
		var id [16]byte
		rand.Read(id[:])
		j.state = state{Format: outboxFormat, ID: hex.EncodeToString(id[:]), Created: time.Now().UTC()}
		return j.writeState()
	}
	if err != nil {
		return fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	if err := json.Unmarshal(data, &j.state); err != nil || j.state.ID == "" || j.state.Done < 0 {
		return fmt.Errorf("track: %w: %s cannot be read", ErrOutbox, path)
	}
	if j.state.Format > outboxFormat {
		return fmt.Errorf("track: %w: %s has format %d, this version reads up to %d", ErrOutbox, path, j.state.Format, outboxFormat)
	}
	return nil
}

// writeState syncs the records, then replaces the file of the state that counts them.
func (j *journal) writeState() error {
	if err := j.sync(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(j.state, "", "  ")
	if err == nil {
		err = atomicfile.Write(filepath.Join(j.dir, stateFile), 0o644, func(w io.Writer) error {
			_, err := w.Write(append(data, '\n'))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	return nil
}

// scan reads all records, cuts off an incomplete last line, and finds the first record to be
// sent. In the folder of a run with metrics.jsonl it also cuts off all that follows a
// damaged line among the unsent records: Replay records it again, in order, since services
// refuse a value after later ones.
func (j *journal) scan(each func(Record)) error {
	r := bufio.NewReaderSize(j.read, 1<<16)
	_, missing := os.Stat(filepath.Join(j.dir, "..", "..", run.LinesFile))
	replays := missing == nil
	sendFrom := int64(-1)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // with or without an incomplete line
		}
		if err != nil {
			return fmt.Errorf("track: %w: %w", ErrOutbox, err)
		}
		var record Record
		if err := json.Unmarshal(line, &record); err != nil && j.lastSeq >= j.state.Done && replays {
			j.damaged = true
			break
		} else if err == nil && record.Seq > j.lastSeq {
			j.lastSeq = record.Seq
			if record.Seq > j.state.Done {
				if j.left++; sendFrom < 0 {
					sendFrom = j.end.At
				}
			}
			each(record)
		}
		j.end.At += int64(len(line))
	}
	if j.at = sendFrom; sendFrom < 0 {
		j.at = j.end.At
	}
	j.lastSeq = max(j.lastSeq, j.state.Done) // after the loss of a file, new records must not get old numbers
	j.dirty = true                           // a killed process may have left records that are not synced
	if err := j.file.Truncate(j.end.At); err != nil {
		return fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	return nil
}

// append appends records to the file, all or none.
func (j *journal) append(records []Record) error {
	var data []byte
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("track: %w: %w", ErrOutbox, err)
		}
		data = append(append(data, line...), '\n')
	}
	if err := j.end.Append(j.file, data); err != nil {
		return fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	j.dirty = true
	if time.Since(j.synced) >= syncEvery {
		_ = j.sync() // the records are in the file; no state counts them before a sync has worked
	}
	return nil
}

// syncEvery is the longest time that records may be in the file without a sync.
const syncEvery = 5 * time.Second

// sync syncs the records to the disk.
func (j *journal) sync() error {
	if !j.dirty || j.file == nil {
		return nil
	}
	j.synced = time.Now() // also after an error, so that a broken disk is not tried for each record
	if err := syncFile(j.file); err != nil {
		return fmt.Errorf("track: %w: %w", ErrOutbox, err)
	}
	j.dirty = false
	return nil
}

// syncFile is replaced in tests.
var syncFile = (*os.File).Sync

// next reads up to n records to be sent, and the offset where each of them ends.
func (j *journal) next(n int) (records []Record, ends []int64, err error) {
	const most = 8 << 20 // bytes at a time
	r := bufio.NewReaderSize(io.NewSectionReader(j.read, j.at, j.end.At-j.at), 1<<16)
	at, last := j.at, j.state.Done
	for len(records) < n && at < j.end.At && at-j.at < most {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return nil, nil, fmt.Errorf("track: %w: %w", ErrOutbox, err)
		}
		at += int64(len(line))
		var record Record
		if json.Unmarshal(line, &record) != nil || record.Seq <= last {
			if len(records) == 0 {
				j.at = at
			}
			continue
		}
		records, ends, last = append(records, record), append(ends, at), record.Seq
	}
	return records, ends, nil
}

// close closes the files.
func (j *journal) close() error {
	if j == nil {
		return nil
	}
	errs := []error{j.sync()}
	for _, f := range []*os.File{j.file, j.read} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(append(errs, j.lock.Release())...)
}
