package cli

import (
	"bytes"
	"testing"

	"github.com/euryale-ml/euryale/dataset"
)

func TestDownloadLines(t *testing.T) {
	var out bytes.Buffer
	report := downloadProgress(&out)
	for _, p := range []dataset.Progress{
		{Stage: dataset.StageWait, File: "pets.download/.lock"},
		{Stage: dataset.StageIncomplete, File: "pets", Total: 12},
		{Stage: dataset.StageIncomplete, File: "pets"},
		{Stage: dataset.StageSize, File: "pets", Total: 811_092_049},
		{Stage: dataset.StageDownload, File: "images.tar.gz", Done: 1000, Total: 2000},
		{Stage: dataset.StageDone, File: "pets"},
	} {
		report(p)
	}
	const want = `data: waiting for another download of the set, which holds pets.download/.lock
data: the set in pets lacks 12 of the images that its lists name; it is completed
data: the set in pets lacks its lists; it is completed
data: 811 MB are fetched and unpacked into pets; twice as much space is needed during the download
data: fetching images.tar.gz: 1.00 kB of 2.00 kB
data: the set is in pets
`
	if out.String() != want {
		t.Errorf("%s\nwant:\n%s", out.String(), want)
	}
}
