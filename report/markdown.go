package report

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/euryale-ml/euryale/viz"
)

// WriteMarkdown writes the texts and tables of the page. Its only picture is
// viz.ComparisonFile in the same folder.
func (r *Report) WriteMarkdown(_ context.Context, w io.Writer) error {
	m := markdown{bufio.NewWriter(w)}
	m.line("# %s", clean(r.title()))
	if r.About != "" {
		m.line("%s", clean(r.About))
	}
	m.part("What was asked", r.asked())
	m.part("What was found", r.found())
	if r.pictured() {
		m.line("![Curves of the runs](%s)", viz.ComparisonFile)
	}
	m.part("Results", nil)
	m.results(r)
	m.paragraphs(r.saturation())
	m.paragraphs(r.memorised())
	m.part("How sure it is", r.sureness())
	if len(r.Comparisons) > 0 {
		m.line("Each experiment compared with the one whose settings differ least from its own:")
		for _, c := range r.Comparisons {
			fmt.Fprintf(m.Writer, "- %s Changed: %s.\n", clean(c.sentence()), clean(c.changed()))
		}
		m.line("")
	}
	m.settings(r)
	for i, s := range r.TestSets {
		m.classes(r, i, s)
	}
	if notes := r.notes(); len(notes) > 0 {
		m.part("What is missing", notes)
	}
	return m.Flush()
}

// pictured reports whether the folder has a picture of the curves.
func (r *Report) pictured() bool {
	for _, e := range r.Experiments {
		for _, run := range e.Runs {
			if xs, _ := testCurve(accuracyOf)(run); len(xs) > 0 {
				return true
			}
		}
	}
	return false
}

type markdown struct{ *bufio.Writer }

// line writes a paragraph.
func (m markdown) line(format string, args ...any) { fmt.Fprintf(m.Writer, format+"\n\n", args...) }

func (m markdown) part(title string, paragraphs []string) {
	m.line("## %s", title)
	m.paragraphs(paragraphs)
}

func (m markdown) paragraphs(list []string) {
	for _, p := range list {
		m.line("%s", clean(p))
	}
}

// clean escapes a text for Markdown.
func clean(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", `\<`, "[", `\[`, "#", `\#`, "\n", " ").Replace(s)
}

// table writes rows below a header; the first column is aligned left, the others right.
func (m markdown) table(head []string, rows [][]string) {
	write := func(cells []string) {
		for i, c := range cells {
			cells[i] = clean(c)
		}
		fmt.Fprintf(m.Writer, "| %s |\n", strings.Join(cells, " | "))
	}
	write(head)
	fmt.Fprintf(m.Writer, "|---|%s\n", strings.Repeat("--:|", len(head)-1))
	for _, row := range rows {
		write(row)
	}
	m.line("")
}

func (m markdown) results(r *Report) {
	head, rows := r.table()
	var lines [][]string
	for _, row := range rows {
		lines = append(lines, append([]string{row.Name}, row.Cells...))
		for _, s := range row.Seeds {
			lines = append(lines, append([]string{"↳ " + s.Name}, s.Cells...))
		}
	}
	m.table(append([]string{"experiment"}, head...), lines)
}

func (m markdown) settings(r *Report) {
	keys, rows := r.settingsTable()
	if len(keys) == 0 {
		return
	}
	m.part("What differs in the settings", nil)
	var lines [][]string
	for _, row := range rows {
		lines = append(lines, append([]string{row.Name}, row.Values...))
	}
	m.table(append([]string{"experiment"}, keys...), lines)
}

func (m markdown) classes(r *Report, i int, s *TestSet) {
	list, rows := r.classTable(i)
	if len(rows) == 0 {
		return
	}
	title := "Which classes are hard"
	if len(r.TestSets) > 1 {
		title += ": " + s.Name
	}
	m.part(title, []string{"Percent of each class's test images that the best weights classify correctly."})
	head := []string{"class", "images"}
	for _, e := range list {
		head = append(head, e.Name)
	}
	var lines [][]string
	for _, row := range rows {
		line := []string{row.name, fmt.Sprint(row.images)}
		for _, c := range row.view().Cells {
			line = append(line, c.Text)
		}
		lines = append(lines, line)
	}
	m.table(head, lines)
	m.part("Confusions", nil)
	for _, e := range list {
		var words []string
		confused := matrixOf(e)
		for _, c := range confused.worst(mostConfusions) {
			words = append(words, fmt.Sprintf("%s for %s (%d of %d)", confused.classes[c.truth], confused.classes[c.taken], c.count, confused.seen[c.truth]))
		}
		if len(words) > 0 {
			fmt.Fprintf(m.Writer, "- %s takes %s.\n", clean(e.Name), clean(list2(words)))
		}
	}
	m.line("")
}
