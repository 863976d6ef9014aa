package dataset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// manyPets offers a set with many images that no list names.
func manyPets(t *testing.T, m *mirror) {
	files := smallPets(t)
	for i := range 400 {
		files[fmt.Sprintf("images/extra_%d.jpg", i)] = []byte{byte(i)}
	}
	m.offer("images.tar.gz", zipped(t, tarOf(t, files, "images")))
}

// countImages is the number of files in a set's folder of images.
func countImages(root string) int {
	entries, _ := os.ReadDir(filepath.Join(root, "images"))
	return len(entries)
}

// holdBack makes a mirror keep the archive of images back until the returned
// function is called.
func (m *mirror) holdBack() (release func()) {
	wait := make(chan struct{})
	m.Lock()
	defer m.Unlock()
	m.answer = func(http.ResponseWriter, string) bool {
		if m.requests[len(m.requests)-1] == "GET images.tar.gz" {
			m.Unlock()
			<-wait
			m.Lock()
		}
		return false
	}
	return sync.OnceFunc(func() { close(wait) })
}

func (m *mirror) fetches(name string) (n int) {
	m.Lock()
	defer m.Unlock()
	for _, r := range m.requests {
		if strings.HasPrefix(r, "GET "+name) && !strings.HasPrefix(r, "GET "+name+".md5") {
			n++
		}
	}
	return n
}

// Downloads that run together into one root: one works, the others wait and find
// its set.
func TestDownloadsTogether(t *testing.T) {
	for _, exists := range []bool{false, true} {
		m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
		manyPets(t, m)
		if exists {
			if err := os.Mkdir(root, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		url, release := m.start(t), m.holdBack()
		var all, waiting sync.WaitGroup
		waiting.Add(2)
		for range 3 {
			all.Go(func() {
				last := Progress{}
				p := OxfordIIITPet{Root: root, URL: url, Progress: func(now Progress) {
					if last = now; now.Stage == StageWait {
						waiting.Done()
					}
				}}
				if err := p.Download(background); err != nil || last.Stage != StageDone {
					t.Errorf("%v, last said %v", err, last)
				}
				if n := countImages(root); n != 405 {
					t.Errorf("a download ended with %d images", n)
				}
			})
		}
		waiting.Wait()
		release()
		all.Wait()
		downloaded(t, root)
		if n := m.fetches("images.tar.gz"); n != 1 {
			t.Errorf("the images were fetched %d times", n)
		}
		if left, _ := filepath.Glob(filepath.Join(root, ".*")); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// One that waits stops when its context ends, and takes over when the other fails.
func TestDownloadWaits(t *testing.T) {
	m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
	url, release := m.start(t), m.holdBack()
	first, stop := context.WithCancelCause(background)
	var all sync.WaitGroup
	defer all.Wait()
	began := make(chan struct{})
	all.Go(func() {
		p := OxfordIIITPet{Root: root, URL: url, Progress: func(now Progress) {
			if now.Stage == StageSize {
				close(began)
			}
		}}
		if err := p.Download(first); err == nil {
			t.Error("the first was not stopped")
		}
	})
	<-began
	ctx, cancel := context.WithCancelCause(background)
	tired := errors.New("tired")
	err := OxfordIIITPet{Root: root, URL: url, Progress: func(Progress) { cancel(tired) }}.Download(ctx)
	if !errors.Is(err, tired) {
		t.Errorf("stopped while it waited: %v", err)
	}
	p := OxfordIIITPet{Root: root, URL: url, Progress: func(now Progress) {
		if now.Stage == StageWait {
			stop(errors.New("the first is stopped"))
			release()
		}
	}}
	if err := p.Download(background); err != nil {
		t.Errorf("after the first had failed: %v", err)
	}
	downloaded(t, root)
}

// Two processes download into one root.
func TestDownloadInTwoProcesses(t *testing.T) {
	if root := os.Getenv("EURYALE_TEST_DOWNLOAD"); root != "" {
		p := OxfordIIITPet{Root: root, URL: os.Getenv("EURYALE_TEST_URL"), Progress: func(now Progress) { fmt.Println(now.Stage) }}
		if err := p.Download(background); err != nil {
			t.Fatal(err)
		}
		return
	}
	m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
	manyPets(t, m)
	url, release := m.start(t), m.holdBack()
	defer release()
	var all sync.WaitGroup
	for range 2 {
		c := exec.Command(os.Args[0], "-test.run=^TestDownloadInTwoProcesses$")
		c.Env = append(os.Environ(), "EURYALE_TEST_DOWNLOAD="+root, "EURYALE_TEST_URL="+url)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			var said []string
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if said = append(said, lines.Text()); lines.Text() == string(StageWait) {
					release()
				}
			}
			if err := c.Wait(); err != nil || !slices.Contains(said, string(StageDone)) {
				t.Errorf("%v: %q", err, said)
			}
		})
	}
	all.Wait()
	downloaded(t, root)
	if n := m.fetches("images.tar.gz"); n != 1 || countImages(root) != 405 {
		t.Errorf("the images were fetched %d times; %d are there", n, countImages(root))
	}
}

// A process that is killed while it downloads gives the lock back, and the next
// resumes what it had.
func TestDownloadAfterAKilledProcess(t *testing.T) {
	m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
	half := len(m.files["images.tar.gz"]) / 2
	sent := make(chan struct{})
	m.answer = func(w http.ResponseWriter, _ string) bool {
		if m.requests[len(m.requests)-1] != "GET images.tar.gz" {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(2*half))
		w.Write(m.files["images.tar.gz"][:half])
		w.(http.Flusher).Flush()
		m.Unlock()
		defer m.Lock()
		<-sent // until the process is killed
		return true
	}
	url := m.start(t)
	c := exec.Command(os.Args[0], "-test.run=^TestDownloadInTwoProcesses$")
	c.Env = append(os.Environ(), "EURYALE_TEST_DOWNLOAD="+root, "EURYALE_TEST_URL="+url)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(root+workSuffix, "images.tar.gz"+partSuffix)
	for wait := time.Now(); fileSize(part) < int64(half) && time.Since(wait) < time.Minute; {
		time.Sleep(5 * time.Millisecond)
	}
	if err := c.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = c.Wait()
	close(sent)
	p := OxfordIIITPet{Root: root, URL: url, Progress: func(now Progress) {
		if now.Stage == StageWait {
			t.Error("waits for a process that was killed")
		}
	}}
	if err := p.Download(background); err != nil {
		t.Fatal(err)
	}
	downloaded(t, root)
	if want := fmt.Sprintf("GET images.tar.gz bytes=%d-", half); !slices.Contains(m.requests, want) {
		t.Errorf("not resumed: %q", m.requests)
	}
}
