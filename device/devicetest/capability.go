package devicetest

import (
	"errors"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/device"
)

// record replays kernels and copies: the effect must be the same as without a recording.
func record(t *testing.T, dev device.Device) {
	r, ok := dev.(device.Recorder)
	if !ok {
		t.Skipf("%s records nothing", dev.Name())
	}
	v := newVectors(t, dev)
	a, b, c := v.place(), v.place(), v.place()
	v.set(a, 1)
	v.set(c, 5)
	double, sum := v.add(b, a, a), v.add(c, b, a)
	recorded := func() {
		double.Run() // b = 2a
		sum.Run()    // c = 3a
		v.copy(a, c) // a = 3a
	}
	rec, err := r.Record(recorded)
	if err != nil {
		t.Fatal(err)
	}
	v.expect("c after recording", c, 5)
	want := float32(1)
	for range 3 {
		v.begin()
		rec.Run()
		double.Run()
		rec.Run()
		v.submit()
		v.wait()
		want *= 9
		v.expect("a", a, want)
		v.expect("b", b, want/3*2)
	}
	if err := rec.Free(); err != nil {
		t.Error(err)
	}
	v.begin()
	recorded()
	v.submit()
	v.wait()
	v.expect("a after Free", a, 3*want)
}

// timer checks the clock: times between marks of a run.
func timer(t *testing.T, dev device.Device) {
	timer, ok := dev.(device.Timer)
	if !ok {
		t.Skipf("%s has no clock", dev.Name())
	}
	v := newVectors(t, dev)
	a, b := v.place(), v.place()
	v.set(a, 1)
	double := v.add(b, a, a)
	clock, err := timer.NewClock(3)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		start := time.Now()
		v.begin()
		clock.Mark(0)
		double.Run()
		clock.Mark(1)
		for range 50 {
			double.Run()
		}
		clock.Mark(2)
		v.submit()
		v.wait()
		run := time.Since(start)
		one, more, all := clock.Between(0, 1), clock.Between(1, 2), clock.Between(0, 2)
		if one < 0 || more <= 0 || one+more != all || all > run+run/10 {
			t.Errorf("one kernel takes %v, fifty take %v, all %v in a run of %v", one, more, all, run)
		}
	}
	if err := clock.Free(); err != nil {
		t.Error(err)
	}
}

// memory requests more memory than any device has, and checks the numbers that a device reports.
func memory(t *testing.T, dev device.Device) {
	if b, err := dev.NewBuffer(1 << 60); err == nil {
		b.Free()
		t.Errorf("an exabyte: no error")
	}
	b, err := dev.NewBuffer(1000)
	if err != nil {
		t.Fatalf("a buffer after that: %v", err)
	}
	if b.Bytes() < 1000 || b.Bytes()%64 != 0 {
		t.Errorf("a buffer of 1000 bytes has %d, want a multiple of 64", b.Bytes())
	}
	for i, x := range read(t, dev, device.Memory{Buffer: b}, 960) {
		if x != 0 {
			t.Fatalf("new memory has %v at %d", x, i)
		}
	}
	if err := errors.Join(b.Free(), b.Free()); err != nil {
		t.Error(err)
	}
	if r, ok := dev.(device.MemoryReporter); ok {
		if free, ok := r.FreeMemory(); ok && free < 0 {
			t.Errorf("%d bytes are free", free)
		}
	}
	if w, ok := dev.(device.Threader); ok && w.Threads() < 1 {
		t.Errorf("%d threads", w.Threads())
	}
	if dev.Name() == "" || dev.Describe() == "" {
		t.Error("a device without a name or a description")
	}
}

// closed closes a device while a run is pending. Buffers are freed afterwards.
func closed(t *testing.T, dev device.Device) {
	v := newVectors(t, dev)
	buffers := make([]device.Buffer, 2)
	for i := range buffers {
		var err error
		if buffers[i], err = dev.NewBuffer(dev.Bytes(v.x)); err != nil {
			t.Fatal(err)
		}
	}
	a, b := device.Memory{Buffer: buffers[0]}, device.Memory{Buffer: buffers[1]}
	double := v.add(b, a, a)
	v.begin()
	for range 20 {
		double.Run()
	}
	v.submit()
	if err := errors.Join(dev.Close(), dev.Close()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := dev.Wait(); err != nil {
		t.Errorf("Wait after Close: %v", err)
	}
	if err := dev.Begin(); !errors.Is(err, device.ErrClosed) {
		t.Errorf("Begin after Close: %v, want ErrClosed", err)
	}
	if err := errors.Join(buffers[0].Free(), buffers[1].Free()); err != nil {
		t.Errorf("Free after Close: %v", err)
	}
}

// Faults tests a device whose kernels fail. open opens a device on which the kernel of a step
// fails if broken returns an error for the step.
func Faults(t *testing.T, open func(t *testing.T, broken func(*device.Step) error) device.Device) {
	fail := ""
	reason := errors.New("broken on purpose")
	dev := open(t, func(s *device.Step) error {
		if s.Path == fail {
			return reason
		}
		return nil
	})
	v := newVectors(t, dev)
	a, b, c, d := v.place(), v.place(), v.place(), v.place()
	first, second, third := v.add(b, a, a), v.named("second", c, b, a), v.named("third", d, b, b)
	isFault := func(what string, err error) {
		t.Helper()
		var f *device.Fault
		if !errors.As(err, &f) || !errors.Is(err, reason) || f.Step != nil && f.Step.Path != "second" || f.Lost {
			t.Errorf("%s: %v, want a Fault of second", what, err)
		}
	}
	reset := func() {
		v.set(a, 1)
		for _, m := range []device.Memory{b, c, d} {
			v.set(m, 0)
		}
		fail = "second"
		v.begin()
		first.Run()
		second.Run()
		third.Run()
		v.copy(a, d)
	}
	after := func(what string) {
		t.Helper()
		v.expect(what+": before the fault", b, 2)
		v.expect(what+": after the fault", d, 0)
		v.expect(what+": copied after the fault", a, 1)
		fail = ""
		v.begin()
		second.Run()
		third.Run()
		v.submit()
		v.wait()
		v.expect(what+": the same kernel afterwards", c, 3)
		v.expect(what+": the next one", d, 4)
	}
	reset()
	v.submit()
	isFault("Wait", dev.Wait())
	if err := dev.Wait(); err != nil {
		t.Errorf("Wait without a run: %v", err)
	}
	after("a run")

	reset()
	host := make([]float32, v.x.Elements())
	isFault("Download in the run", dev.Download(v.x, c, host))
	isFault("Upload in the run", dev.Upload(v.x, c, host))
	third.Run() // without effect
	v.submit()
	isFault("Wait after Download", dev.Wait())
	after("a download")

	reset()
	v.submit()
	v.expect("a download while the run is pending", b, 2)
	v.set(c, 7)
	isFault("Wait after another call waited", dev.Wait())
	v.expect("uploaded meanwhile", c, 7)
	after("a call that waited")
}
