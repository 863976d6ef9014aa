package report

import (
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/run"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"number": number, "after": after}).Parse(pageSource))

func number(i int) int { return i + 1 }

// after is a suffix that makes the names of a page's parts unique if there are several test
// sets.
func after(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf("-%d", i+1)
}

// page is the data of the template.
type page struct {
	Title, About       string
	Style              template.CSS
	Asked, Found, Sure []string
	Saturation, Notes  []string
	Head               []string
	Rows               []tableRow
	Sets               []setView
	Comparisons        []comparisonView
	Alike              []comparisonView // those without a difference, if there are many
	Keys               []string
	Settings           []settingsRow
	Single             bool // one experiment: no comparison
	SeveralSets        bool
	Memorised          []string
}

// setView is the part of the page about the experiments on one test set.
type setView struct {
	Name                       string
	Dots                       template.HTML
	Legend                     []legendEntry
	Charts                     []chartView
	Pairs                      [][]pairCell
	PairNames                  []string
	Classes                    []classView
	ClassNames                 []string
	Confusions                 []confusionView
	Hard                       []pictureView
	HardRuns, HardAll, HardNot int
	Shown                      []shownView
	Images                     int
}

type legendEntry struct {
	Name string
	Mark template.HTML
}

type chartView struct {
	Title, Label string
	SVG          template.HTML
}

type classView struct {
	Name   string
	Images int
	Cells  []heatCell
	Mean   string
}

type heatCell struct {
	Text  string
	Share int // percent of colour
}

type pairCell struct{ Text, Class, Hint string }

type confusionView struct {
	Name    string
	Open    bool
	Seeds   int
	Heat    template.HTML
	Pairs   []pairView
	Missing string
}

type pairView struct {
	Truth, Taken string
	Count, Of    int
	Share        string
	Pictures     []pictureView
}

type pictureView struct {
	Source  template.URL
	Caption string
	Small   bool
}

type comparisonView struct {
	Sentence, Changed string
	Class             string
}

// WriteHTML writes the page, which is self-contained. When ctx ends, the reading of pictures
// stops.
func (r *Report) WriteHTML(ctx context.Context, w io.Writer) error {
	p, err := r.page(ctx)
	if err != nil {
		return err
	}
	return pageTemplate.Execute(w, p)
}

func (r *Report) page(ctx context.Context) (*page, error) {
	p := &page{
		Title: r.title(), About: r.About, Style: template.CSS(pageStyle), Asked: r.asked(), Found: r.found(), Sure: r.sureness(),
		Saturation: r.saturation(), Memorised: r.memorised(), Notes: r.notes(), Single: len(r.Experiments) == 1, SeveralSets: len(r.TestSets) > 1,
	}
	p.Head, p.Rows = r.table()
	p.Keys, p.Settings = r.settingsTable()
	for _, c := range r.Comparisons {
		v := comparisonView{c.sentence(), c.changed(), verdictClass(c.Verdict)}
		if c.Verdict == None && len(r.Comparisons) > mostComparisons {
			p.Alike = append(p.Alike, v)
			continue
		}
		p.Comparisons = append(p.Comparisons, v)
	}
	a := r.newAlbum(ctx)
	for i := range r.TestSets {
		p.Sets = append(p.Sets, r.setView(i, a))
	}
	if a.err != nil {
		p.Notes = append(p.Notes, "The test images are not where the runs' settings look for them, so that the pictures of confusions are left out.")
	}
	if a.bytes > pictureBytes {
		p.Notes = append(p.Notes, "Some pictures are left out to keep this page small.")
	}
	return p, ctx.Err()
}

// mostComparisons is the number of comparisons up to which all are shown expanded.
const mostComparisons = 10

func verdictClass(v Verdict) string { return [...]string{"none", "unsure", "sure"}[v] }

// title returns the title of the options, or one made from the runs.
func (r *Report) title() string {
	switch {
	case r.Title != "":
		return r.Title
	case len(r.Experiments) == 1:
		return r.Experiments[0].Name
	}
	return fmt.Sprintf("Comparison of %s", inwords.CountGrouped(len(r.Experiments), "experiment"))
}

func (r *Report) setView(i int, a *album) setView {
	list := r.of(i)
	v := setView{Name: r.TestSets[i].Name, Dots: r.dots(list, r.TestSets[i].Chance), Images: r.TestSets[i].Images}
	for _, e := range r.Experiments {
		if e.Set == i {
			v.Legend = append(v.Legend, legendEntry{e.Name, mark(e.Index)})
		}
	}
	for _, c := range r.charts(i) {
		if svg := c.svg(); svg != "" {
			v.Charts = append(v.Charts, chartView{c.title, c.label, svg})
		}
	}
	v.PairNames, v.Pairs = r.pairs(list)
	experiments, rows := r.classTable(i)
	for _, e := range experiments {
		v.ClassNames = append(v.ClassNames, e.Name)
	}
	for _, row := range rows {
		v.Classes = append(v.Classes, row.view())
	}
	for _, e := range list {
		if c, ok := r.confusions(e, a); ok {
			c.Open = len(v.Confusions) == 0
			v.Confusions = append(v.Confusions, c)
		}
	}
	r.hard(i, &v, a)
	v.Shown = r.shown(i, a)
	return v
}

// mark is a sample of an experiment's line, for legends.
func mark(index int) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg class="mark" viewBox="0 0 28 10" width="28" height="10" aria-hidden="true">`+
		`<line class="s c%d" x1="1" x2="27" y1="5" y2="5" stroke-width="3" stroke-dasharray="%s"/></svg>`, index%colours, dashes[index/colours%len(dashes)]))
}

func (row classRow) view() classView {
	v := classView{Name: row.name, Images: row.images, Mean: fmt.Sprintf("%.0f", 100*row.mean)}
	for _, s := range row.recalls {
		if s < 0 {
			v.Cells = append(v.Cells, heatCell{"–", 0})
			continue
		}
		v.Cells = append(v.Cells, heatCell{fmt.Sprintf("%.0f", 100*s), int(100*s + 0.5)})
	}
	return v
}

// mostPairs is the number of experiments up to which a table compares all with all.
const mostPairs = 14

// pairs compares all with all, in deviations; row minus column.
func (r *Report) pairs(list []*Experiment) (names []string, rows [][]pairCell) {
	if len(list) < 3 || len(list) > mostPairs {
		return nil, nil
	}
	for _, a := range list {
		names = append(names, a.Name)
		var row []pairCell
		for _, b := range list {
			if a == b {
				row = append(row, pairCell{Class: "self"})
				continue
			}
			c := r.compare(a, b)
			sign := "+"
			if c.A != a {
				sign = "−"
			}
			if c.Difference == 0 {
				sign = ""
			}
			row = append(row, pairCell{fmt.Sprintf("%s%.1f", sign, 100*c.Difference), verdictClass(c.Verdict), deviations(c.Z)})
		}
		rows = append(rows, row)
	}
	return names, rows
}

// Limits of the confusions that are shown of an experiment.
const (
	mostConfusions = 6
	pairPictures   = 4
)

func (r *Report) confusions(e *Experiment, a *album) (v confusionView, ok bool) {
	m := matrixOf(e)
	if m == nil {
		return v, false
	}
	v = confusionView{Name: e.Name, Seeds: m.seeds, Heat: m.svg("Confusion matrix of " + e.Name)}
	if v.Heat == "" {
		v.Missing = "There are too many classes for a picture."
	}
	leader := e.leader()
	for _, c := range m.worst(mostConfusions) {
		p := pairView{Truth: m.classes[c.truth], Taken: m.classes[c.taken], Count: c.count, Of: m.seen[c.truth], Share: percent(c.share)}
		if leader.Predictions != nil {
			p.Pictures = a.surest(leader, c, pairPictures)
		}
		v.Pairs = append(v.Pairs, p)
	}
	return v, true
}

// surest returns pictures of a confusion, those with the greatest probability first.
func (a *album) surest(r *Run, c confusion, most int) (views []pictureView) {
	var of []run.Prediction
	for _, p := range r.Predictions {
		if p.Label == c.truth && p.Predicted == c.taken {
			of = append(of, p)
		}
	}
	sortByProbability(of)
	for _, p := range of {
		if len(views) == most {
			break
		}
		if src := a.picture(r, p); src != "" {
			views = append(views, pictureView{template.URL(src), fmt.Sprintf("%.0f %% sure", 100*p.Probability), strings.HasPrefix(src, "data:image/png")})
		}
	}
	return views
}

// mostHard is the number of pictures of the hardest images.
const mostHard = 16

// hard fills in the images that all experiments better than chance classify wrongly.
func (r *Report) hard(set int, v *setView, a *album) {
	list, runs, all, none := r.hardest(set, mostHard)
	v.HardRuns, v.HardAll, v.HardNot = runs, all, none
	if runs == 0 {
		return
	}
	for _, e := range r.of(set) {
		leader := e.leader()
		if !r.learned(e) || leader.Predictions == nil {
			continue
		}
		for _, h := range list {
			if src := a.picture(leader, h.prediction); src != "" {
				text := fmt.Sprintf("%s, taken for %s", leader.class(h.prediction.Label), leader.class(h.prediction.Predicted))
				v.Hard = append(v.Hard, pictureView{template.URL(src), text, strings.HasPrefix(src, "data:image/png")})
			}
		}
		return
	}
}
