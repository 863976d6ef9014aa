package viz

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"

	xdraw "golang.org/x/image/draw"
)

// TerminalMode is how a terminal shows pictures.
type TerminalMode uint8

// Modes, the simplest first.
const (
	NoPictures TerminalMode = iota
	HalfBlocks              // two pixels a character, in 24-bit colours
	ITerm                   // the inline images of iTerm2 and WezTerm
	Kitty                   // kitty's graphics protocol, which Ghostty has too
)

// TerminalModeOf chooses the best mode that the terminal surely supports, from the
// environment; env is os.Getenv or a function like it.
func TerminalModeOf(env func(string) string) TerminalMode {
	term, program := env("TERM"), env("TERM_PROGRAM")
	inside := env("TMUX") != "" || strings.HasPrefix(term, "screen") || strings.HasPrefix(term, "tmux") // which do not forward pictures
	switch {
	case term == "dumb" || term == "":
		return NoPictures
	case !inside && (env("KITTY_WINDOW_ID") != "" || strings.Contains(term, "kitty") || strings.Contains(term, "ghostty")):
		return Kitty
	case !inside && (program == "iTerm.app" || program == "WezTerm"):
		return ITerm
	case env("COLORTERM") == "truecolor" || env("COLORTERM") == "24bit":
		return HalfBlocks
	}
	return NoPictures
}

// Terminal writes a picture, columns characters wide, and a line feed to a terminal.
func Terminal(w io.Writer, img image.Image, columns int, mode TerminalMode) error {
	if !hasPixels(img) {
		return fmt.Errorf("viz: %w: a picture without pixels", ErrEmpty)
	}
	columns = max(columns, 2)
	switch mode {
	case HalfBlocks:
		return halfBlocks(w, img, columns)
	case ITerm, Kitty:
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			return fmt.Errorf("viz: %w", err)
		}
		text := base64.StdEncoding.EncodeToString(b.Bytes())
		if mode == ITerm {
			_, err := fmt.Fprintf(w, "\x1b]1337;File=inline=1;size=%d;width=%d:%s\a\n", b.Len(), columns, text)
			return err
		}
		return kitty(w, text, columns)
	}
	return nil
}

// kitty sends the picture in chunks, as its protocol requires.
func kitty(w io.Writer, text string, columns int) error {
	const piece = 4096
	for first := true; len(text) > 0; first = false {
		some := text[:min(len(text), piece)]
		text = text[len(some):]
		more := 0
		if len(text) > 0 {
			more = 1
		}
		control := fmt.Sprintf("m=%d", more)
		if first {
			control = fmt.Sprintf("a=T,f=100,c=%d,%s", columns, control)
		}
		if _, err := fmt.Fprintf(w, "\x1b_G%s;%s\x1b\\", control, some); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// halfBlocks draws with ▀: its foreground is one pixel, its background the one below.
func halfBlocks(w io.Writer, img image.Image, columns int) error {
	b := img.Bounds()
	width := min(columns, b.Dx())
	height := max(2, (b.Dy()*width/b.Dx()+1)/2*2)
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	xdraw.CatmullRom.Scale(small, small.Rect, img, b, xdraw.Src, nil)
	var s strings.Builder
	for y := 0; y < height; y += 2 {
		for x := range width {
			u, l := small.RGBAAt(x, y), small.RGBAAt(x, y+1)
			fmt.Fprintf(&s, "\x1b[38;2;%d;%d;%dm\x1b[48;2;%d;%d;%dm▀", u.R, u.G, u.B, l.R, l.G, l.B)
		}
		s.WriteString("\x1b[0m\n")
	}
	_, err := io.WriteString(w, s.String())
	return err
}
