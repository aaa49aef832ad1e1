#include "formats/sniff.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/size.h"

/* Files that begin with a mark of their own. */
static const struct {
	const char *magic;
	size_t n;
	const char *what;
} magics[] = {
	{"version https://git-lfs", 23, "a git-lfs pointer: the model itself was not downloaded (git lfs pull)"},
	{"\x1f\x8b", 2, "a gzip archive: unpack it first"},
	{"BZh", 3, "a bzip2 archive: unpack it first"},
	{"\xfd" "7zXZ", 5, "an xz archive: unpack it first"},
	{"\x28\xb5\x2f\xfd", 4, "a zstd archive: unpack it first"},
	{"7z\xbc\xaf", 4, "a 7-zip archive: unpack it first"},
	{"\x93NUMPY", 6, "a numpy array"},
	{"\x89HDF", 4, "an HDF5 file"},
	{"RIFF", 4, "a wave file"},
	{"fLaC", 4, "a FLAC file"},
	{"OggS", 4, "an Ogg file"},
	{"GGUF", 4, "a GGUF model"},
	{"lmgg", 4, "a ggml model"},
};

static const char *by_magic(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (n >= magics[i].n && memcmp(bytes, magics[i].magic, magics[i].n) == 0)
			return magics[i].what;
	return NULL;
}

/* torch before 0.1.10 saved a tar of sys_info, pickle, storages and tensors. */
static const char *tar(const unsigned char *bytes, size_t n)
{
	static const char *const members[] = {"sys_info", "pickle", "storages", "tensors"};
	if (n < 512 || memcmp(bytes + 257, "ustar", 5) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (strcmp((const char *)bytes, members[i]) == 0)
			return "torch's first container (tar, before 0.1.10), which is not supported: load and save it "
			       "with a "
			       "newer torch";
	return "a tar archive without a NAME-shared.pt and its NAME-rank-N.pt: unpack it first";
}

static const char *text(const unsigned char *bytes, size_t n)
{
	size_t look = s2_min(n, 512), start = 0;
	for (size_t i = 0; i < look; i++)
		if (bytes[i] < 0x20 && !isspace(bytes[i]))
			return NULL;
	while (start < look && isspace(bytes[start]))
		start++;
	const char *s = (const char *)bytes + start;
	size_t left = look - start;
	if ((left >= 9 && strncasecmp(s, "<!doctype", 9) == 0) || (left >= 5 && strncasecmp(s, "<html", 5) == 0))
		return "a web page (HTML): the download went wrong";
	return "a text file";
}

int s2_sniff_fail(const unsigned char *bytes, size_t n, const char *name, s2st_error *err)
{
	const char *what = by_magic(bytes, n);
	if (!what)
		what = tar(bytes, n);
	if (!what)
		what = text(bytes, n);
	if (!what && n >= 2 && bytes[0] == 0x80 && bytes[1] <= 5)
		what = "a Python pickle that torch.save did not write (a scikit-learn model?)";
	if (what)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected a model checkpoint, found %s", name, what);
	return s2_fail(err, S2ST_EFORMAT,
		       "%s: expected a model checkpoint (torch zip, torch legacy or safetensors), found "
		       "something else",
		       name);
}
