package cli

import (
	"errors"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/internal/inwords"
)

func TestTexts(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{inwords.Grouped(134412133), "134,412,133"},
		{inwords.Grouped(999), "999"},
		{inwords.Grouped(-1000), "-1,000"},
		{inwords.Short(15470264320), "15.5 G"},
		{inwords.Short(134412133), "134 M"},
		{inwords.Short(999), "999"},
		{inwords.Short(999600), "1.00 M"},
		{inwords.Short(0), "0"},
		{bytesText(811092049), "811 MB"},
		{bytesText(2684354560), "2.68 GB"},
		{bytesText(12), "12 bytes"},
		{percent(0.0270), "2.7 %"},
		{duration(1500 * time.Millisecond), "1.5 s"},
		{duration(59 * time.Second), "59 s"},
		{duration(200 * time.Second), "3 min 20 s"},
		{duration(2*time.Hour + 5*time.Minute), "2 h 5 min"},
		{quote("runs/a-b_c.png"), "runs/a-b_c.png"},
		{quote("my runs/a"), "'my runs/a'"},
		{quote("it's"), `'it'\''s'`},
		{quote(""), "''"},
		{oneLine(errors.New("a\nb\r\nc")), "a; b; c"},
		{nearest("optim.l", []string{"optim.lr", "data.crop"}), "optim.lr"},
		{nearest("resnet50e", []string{"resnet50", "vgg16"}), "resnet50"},
		{nearest("zebra", []string{"resnet50", "vgg16"}), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// TestNearest wants no guess for words of which hardly a letter fits.
func TestNearest(t *testing.T) {
	for word, want := range map[string]string{"e": "", "x": "", "st": "set", "oot": "out", "ot": "out", "foo": "", "queit": "quiet", "reusme": "resume", "zebra": ""} {
		if got := nearest(word, []string{"set", "out", "json", "quiet", "resume"}); got != want {
			t.Errorf("nearest to %s is %q, want %q", word, got, want)
		}
	}
}
