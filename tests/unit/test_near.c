/* Names near another: beginnings first, then by edits, at most five, nothing where all are far. */
#include "base/near.h"

#include "test.h"

static const char *const names[] = {"azj-script_cyrillic", "azj-script_latin", "ben", "deu", "eng", "enb",
				    "est", "fra", "hin", "spa", "swh"};
enum { N = sizeof names / sizeof *names };

int main(void)
{
	char buf[80], small[8];
	CHECK_STR(s2_near_names(buf, sizeof buf, "azj", names, N), "azj-script_cyrillic, azj-script_latin");
	CHECK_STR(s2_near_names(buf, sizeof buf, "en", names, N), "eng, enb, ben");
	CHECK_STR(s2_near_names(buf, sizeof buf, "esp", names, N), "est");
	CHECK_STR(s2_near_names(buf, sizeof buf, "spanish", names, N), "spa");
	CHECK_STR(s2_near_names(buf, sizeof buf, "xxxxxx", names, N), "");
	CHECK_STR(s2_near_names(buf, sizeof buf, "", names, N), "");
	CHECK_STR(s2_near_names(buf, sizeof buf, "eng", names, 0), "");
	CHECK_STR(s2_near_names(small, sizeof small, "azj", names, N), "azj-scr");
	const char *const many[] = {"aa", "ab", "ac", "ad", "ae", "af", "a"};
	CHECK_STR(s2_near_names(buf, sizeof buf, "a", many, 7), "aa, ab, ac, ad, ae");
	return TEST_RESULT();
}
