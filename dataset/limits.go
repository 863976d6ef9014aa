package dataset

// Workers is the number of goroutines that decode and augment.
func (l *Loader) Workers() int { return l.config.Workers }

// LimitCache lowers LoaderConfig.CacheBytes, where the memory turned out to be less, before
// the first batch.
func (l *Loader) LimitCache(bytes int64) {
	if bytes < l.config.CacheBytes {
		l.config.CacheBytes = bytes
		l.cache = newCache(bytes)
	}
}
