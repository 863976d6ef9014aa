package viz

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestTerminalModes(t *testing.T) {
	for _, c := range []struct {
		env  string
		want TerminalMode
	}{
		{"", NoPictures}, {"TERM=dumb COLORTERM=truecolor", NoPictures}, {"TERM=xterm-256color", NoPictures},
		{"TERM=xterm-256color COLORTERM=truecolor", HalfBlocks}, {"TERM=xterm-kitty", Kitty}, {"TERM=xterm-256color KITTY_WINDOW_ID=1", Kitty},
		{"TERM=xterm-ghostty", Kitty}, {"TERM=xterm TERM_PROGRAM=iTerm.app", ITerm}, {"TERM=xterm TERM_PROGRAM=WezTerm COLORTERM=truecolor", ITerm},
		{"TERM=screen-256color KITTY_WINDOW_ID=1 COLORTERM=24bit", HalfBlocks}, {"TERM=xterm-kitty TMUX=/tmp/x", NoPictures},
	} {
		env := map[string]string{}
		for _, pair := range strings.Fields(c.env) {
			k, v, _ := strings.Cut(pair, "=")
			env[k] = v
		}
		if got := TerminalModeOf(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("%s: %d, want %d", c.env, got, c.want)
		}
	}
}

func TestTerminal(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for i := range img.Pix {
		img.Pix[i] = uint8(rand.IntN(256)) | 1
	}
	var b bytes.Buffer
	two := image.NewRGBA(image.Rect(0, 0, 1, 2))
	two.Set(0, 0, color.RGBA{255, 0, 0, 255})
	two.Set(0, 1, color.RGBA{0, 0, 255, 255})
	if err := Terminal(&b, two, 80, HalfBlocks); err != nil || b.String() != "\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[0m\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	b.Reset()
	if err := Terminal(&b, img, 10, HalfBlocks); err != nil || strings.Count(b.String(), "\n") != 3 || strings.Count(b.String(), "▀") != 30 {
		t.Errorf("40×20 in 10 columns: %d lines, %d blocks, %v", strings.Count(b.String(), "\n"), strings.Count(b.String(), "▀"), err)
	}
	sent := func(mode TerminalMode) image.Image {
		b.Reset()
		if err := Terminal(&b, img, 30, mode); err != nil {
			t.Fatal(err)
		}
		text := ""
		if mode == ITerm {
			_, text, _ = strings.Cut(strings.TrimSuffix(b.String(), "\a\n"), ":")
		} else {
			for part := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\x1b\\") {
				if _, data, ok := strings.Cut(part, ";"); ok {
					if len(data) > 4096 {
						t.Errorf("a piece of %d bytes", len(data))
					}
					text += data
				}
			}
		}
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, mode := range []TerminalMode{ITerm, Kitty} {
		if got := sent(mode); got.Bounds() != img.Bounds() {
			t.Errorf("mode %d: %v", mode, got.Bounds())
		}
	}
	if err := Terminal(&b, nil, 30, Kitty); !errors.Is(err, ErrEmpty) {
		t.Errorf("no picture: %v", err)
	}
}
