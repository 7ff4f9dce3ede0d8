package wire

import (
	"io"
	"math"
	"os"
	"unsafe"
)

// File is the content of a file, mapped into memory where the system can.
//
// A mapped file must not shrink while it is open: touching a page that is no
// longer there kills the process (SIGBUS on Unix, an in-page error on Windows),
// and Go can't recover from it. Rewriting it in place shows in the bytes that
// were decoded. Tools replace files by renaming, which is safe; where that
// can't be relied on, use [ReadFile].
//
// Bytes, Offset, Release and Prefetch may be called from several goroutines;
// Close may not be called while others use the bytes.
type File struct {
	data   []byte
	mapped bool
}

// Open opens the file at path. Regular files are mapped; others (pipes,
// devices), and every file on systems without memory maps, are read.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return FromFile(f)
}

// FromFile is [Open] for a file that is open already, from its beginning. The file
// may be closed afterwards.
func FromFile(f *os.File) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	switch {
	case !info.Mode().IsRegular(), size == 0, size > math.MaxInt, !canMap:
		return readAll(f)
	}
	data, err := mapFile(f, int(size))
	if err != nil { // a file system without memory maps
		return readAll(f)
	}
	return &File{data: data[:size:size], mapped: true}, nil
}

func readAll(f *os.File) (*File, error) {
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return &File{data: data}, nil
}

// ReadFile reads the file at path into the Go heap. Nothing that happens to the
// file afterwards matters, and Close only drops the reference.
func ReadFile(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &File{data: data}, nil
}

// Bytes gives the content. It may not be written to: mapped pages are read-only.
// After Close it is nil, and what was taken before must not be touched.
func (f *File) Bytes() []byte { return f.data }

// Mapped says whether Bytes is a memory map rather than a copy.
func (f *File) Mapped() bool { return f.mapped }

// Offset gives the place of b in the file, if b is a part of Bytes.
func (f *File) Offset(b []byte) (off int, ok bool) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(f.data)))
	p := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	if p < start || p+uintptr(len(b)) > start+uintptr(len(f.data)) {
		return 0, false
	}
	return int(p - start), true
}

// Release tells the system that the n bytes at off won't be needed soon, so
// that it may take back their memory, and that of their neighbours in the pages
// of up to 2 MB in which it maps files. They stay valid and are read again from the
// file when touched. It does nothing where the file isn't mapped, and outside
// Linux.
func (f *File) Release(off, n int) error {
	first, last := f.pages(off, n, largePage)
	return f.advise(first, last, adviseRelease)
}

// Prefetch tells the system that the n bytes at off will be needed soon. It
// does nothing where the file isn't mapped, and outside Linux.
func (f *File) Prefetch(off, n int) error {
	first, last := f.pages(off, n, os.Getpagesize())
	return f.advise(first, last, advisePrefetch)
}

func (f *File) advise(first, last int, advice int) error {
	if !f.mapped || first >= last {
		return nil
	}
	return os.NewSyscallError("madvise", madvise(f.data[first:last], advice))
}

// largePage is the largest page in which a system maps files.
const largePage = 2 << 20

// pages clips a range to the file, and rounds its ends outwards to pages. The
// file's last page counts as whole.
func (f *File) pages(off, n, page int) (first, last int) {
	size := len(f.data)
	first = min(max(off, 0), size)
	last = first + min(max(n, 0), size-first)
	if first == last {
		return first, first
	}
	return first - first%page, min((last+page-1)/page*page, size)
}

// Close ends the mapping. Everything decoded from Bytes without copying is
// invalid from then on. A second Close does nothing.
func (f *File) Close() error {
	data, mapped := f.data, f.mapped
	f.data, f.mapped = nil, false
	if !mapped {
		return nil
	}
	return unmapFile(data)
}
