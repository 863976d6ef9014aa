// Package edit measures the edit distance of two words, for errors that suggest the word that
// was probably meant.
package edit

// Distance is the Levenshtein distance of two strings, in bytes. Strings of more than
// 100 bytes are cut: they are not misspelled words.
func Distance(a, b string) int {
	a = a[:min(len(a), 100)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
