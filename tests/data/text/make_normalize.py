#!/usr/bin/env python3
"""Makes normalize.json: numbers in words, and the text normalisers.

    python3 make_normalize.py > normalize.json

Needs num2words and inflect (tested with 0.5.10 and 2.1.0), which are the definition of the words. The cleaners are stated
here as the steps of fairseq's text_cleaners and fisher_text_cleaners and of Whisper's BasicTextNormalizer, with their
regular expressions. Two defects of num2words 0.5.10 that later versions mend are mended here: "dieciseis", and Spanish
ordinals above 1000, which are left out.
"""
import json
import random
import re
import string
import unicodedata

import inflect
from num2words import num2words

engine = inflect.engine()


def spanish(text):
    return text.replace("dieciseis", "dieciséis")


def words(n, lang, **kw):
    if int(n) >= 10 ** 36:
        raise OverflowError("beyond the library's names of powers, which French has more of")
    text = num2words(n, lang=lang, **kw)
    return spanish(text) if lang == "es" else text


WORDS = {"en": dict(percent="percent", pounds="pounds", point="point", dollars="dollars", dollar="dollar", cent="cent",
                    cents="cents", ends="st|nd|rd|th"),
         "es": dict(percent="por ciento", pounds="libras", point="punto", dollars="dolares", dollar="dólar",
                    cent="centavo", cents="centavos", ends="ero|ro|do|to"),
         "fr": dict(percent="pour cent", pounds="livres", point="virgule", dollars="dollars", dollar="dollar",
                    cent="cent", cents="centimes", ends="er|ème")}


def expand_numbers(text, lang):
    w = WORDS[lang]

    def spaced(m):
        joined = m.group().replace(" ", "")
        return m.group() if len(joined) < len(m.group()) - 3 else joined

    def money(m):
        parts = m.group(1).split(".")
        if len(parts) > 2:
            return "%s %s" % (m.group(1), w["dollars"])
        dollars, cents = (int(p or 0) for p in (parts + [""])[:2])
        named = []
        if dollars:
            named.append("%d %s" % (dollars, w["dollar"] if dollars == 1 and cents else w["dollars"]))
        if cents:
            named.append("%d %s" % (cents, w["cent"] if cents == 1 else w["cents"]))
        return ", ".join(named) or "%s %s" % (words(0, lang), w["dollars"])

    def decimal(m):
        whole, digits = m.group().split(".")
        return " ".join([whole, w["point"]] + [words(d, lang) for d in digits])

    def ordinal(m):
        return engine.number_to_words(m.group()) if lang == "en" else words(m.group(1), lang, to="ordinal")

    def whole(m):
        n = int(m.group())
        if lang != "en":
            if 2000 < n < 2010:
                return words(2000, lang) + " " + words(n % 100, lang)
            return words(n, lang)
        if n == 2000:
            return words(n, lang)
        if 2000 < n < 2010:
            return "two thousand " + engine.number_to_words(n % 100)
        if 1000 < n < 3000 and n % 100 == 0:
            return engine.number_to_words(n // 100) + " hundred"
        if 1000 < n < 3000:
            return engine.number_to_words(n, andword="", zero="oh", group=2).replace(", ", " ")
        return engine.number_to_words(n, andword="")

    text = re.sub(r"[0-9][0-9 ]+[0-9]", spaced, text)
    text = re.sub(r"[0-9.,]*[0-9]+[ ]*%",
                  lambda m: m.group().replace(" ", "").replace("%", " " + w["percent"]).replace(",", "."), text)
    text = re.sub(r"[0-9][0-9,]+[0-9]", lambda m: m.group().replace(",", ""), text)
    text = re.sub(r"£([0-9,]*[0-9]+)", r"\1 " + w["pounds"], text)
    text = re.sub(r"\$([0-9.,]*[0-9]+)", money, text)
    text = re.sub(r"[0-9]+\.[0-9]+", decimal, text)
    text = re.sub(r"([0-9]+)(%s)" % w["ends"], ordinal, text)
    return re.sub(r"[0-9]+", whole, text)


TITLES = dict(mrs="misess", mr="mister", dr="doctor", st="saint", co="company", jr="junior", maj="major", gen="general",
              drs="doctors", rev="reverend", lt="lieutenant", hon="honorable", sgt="sergeant", capt="captain",
              esq="esquire", ltd="limited", col="colonel", ft="fort")


def expand_titles(text):
    for short, long in TITLES.items():
        text = re.sub(r"\b%s\." % short, long, text, flags=re.IGNORECASE)
    return text


def drop_punctuation(text):
    for c in "-/–·—•":
        text = text.replace(c, " ")
    drop = string.punctuation.replace("'", "") + "¡¨«°³º»¿‘“”…♪♫ˆᵉ™，ʾ˚"
    return "".join(c for c in text if c not in drop)


def drop_brackets(text):
    out, depth, start = "", 0, 0
    for i, c in enumerate(text):
        if c in "([":
            if depth == 0 and i > start:
                out += text[start:i]
            depth += 1
        elif c in ")]":
            depth -= 1
            if depth == 0:
                start = i + 1
    return (out + text[start:]).strip()


def speech_matrix(text, lang):
    text = text.replace("`", "'").replace("’ ", " ").replace("’", "'")
    text = " ".join(" ".join(x) if x.isupper() else x for x in text.split())
    text = drop_brackets(text.lower())
    if lang in WORDS:
        text = expand_numbers(text, lang)
    if lang == "en":
        text = expand_titles(text)
    return re.sub(r"\s+", " ", drop_punctuation(text)).strip()


def fisher(text, lang):
    return re.sub(r"\s+", " ", drop_punctuation(expand_titles(expand_numbers(text.lower(), "en"))))


def whisper_basic(text, lang):
    text = re.sub(r"[<\[][^>\]]*[>\]]", "", text.lower())
    text = unicodedata.normalize("NFKC", re.sub(r"\(([^)]+?)\)", "", text))
    text = "".join(" " if unicodedata.category(c)[0] in "MSP" else c for c in text).lower()
    return re.sub(r"\s+", " ", text)


def hokkien(text, lang):
    out, syllable = [], ""
    for piece in text.split():
        if piece not in ("NULLINIT", "nullinit"):
            syllable += piece
            if piece[-1].isnumeric():
                out, syllable = out + [syllable], ""
    return " ".join(out + [syllable] if syllable else out)


NORMALIZERS = {"speech_matrix": speech_matrix, "fisher": fisher, "whisper_basic": whisper_basic, "hokkien": hokkien}

PIECES = """the NATO U.S. MPs Mr. Mrs. Dr. St. dr st. Ltd. col. mr. xmr. é.co. 1st 2nd 3rd 21st 12th 101st 1000th 45678th 2do 3ro 1ero
4to 21ero 1er 2ème 21ème 80ème 0 1 7 10 16 21 71 80 81 91 99 100 101 110 116 200 345 500 700 999 1000 1001 1100 1234 1900
1905 1984 1999 2000 2005 2009 2010 2024 2100 2999 3000 5000 12345 100000 1,000 1,234,567 20 000 1 2 3 4 5 6 7 3.14 0.5 10.05 1.2.3
50% 3.5 % 1,5% .5% 5.% £5 £1,000 £ £, $1 $2 $0 $0.00 $1.50 $2.01 $.99 $1.01 $1.2.3 $1,000.5 $ 007 00 don’t dogs’ `quoted` (aside) [noise]
<unk> (nested (one)) ( ) () ] [ ª º N.º 1.º ½ ② Ⅷ VIII XXᵉ ﬁn e-mail and/or a–b a—b l·l • ¿qué? ¡ah! «oui» “so” ‘x’ … ™ ♪ 100€ l'été
naïve İZMİR ΣΊΣΥΦΟΣ straße ÉCOLE A I नमस्ते 東京 ， 1000000 2000000 21000000 1000000000 5000000000001 123456789012345678901234567
999999999999999999999999999999999999 1000000000000000000000000000000000000 tsi2 NULLINIT a7 nullinit kh ang5 k""".split()


def main():
    rng = random.Random(7)
    spelled = []
    values = list(range(0, 130)) + [rng.randrange(10 ** rng.randrange(2, 28)) for _ in range(120)]
    values += [10 ** k for k in range(3, 27)] + [2 * 10 ** k + 1 for k in range(3, 26)] + [10 ** k - 1 for k in range(3, 28)]
    for n in values:
        row = {"n": str(n), "en": engine.number_to_words(n, andword=""), "en_and": engine.number_to_words(n),
               "fr": words(n, "fr"), "en_ordinal": engine.number_to_words("%dth" % n),
               "fr_ordinal": words(n, "fr", to="ordinal")}
        if n < 10 ** 27:
            row["es"] = words(n, "es")
        if n <= 1000:
            row["es_ordinal"] = words(n, "es", to="ordinal")
        spelled.append(row)

    texts = PIECES + ["a (b) c", "a) b (c) d", "a (b", "(", "a [b (c] d) e", "<a b> [c) d]e (f) g", "5 st", "1st.", "MR. X",
                      "it cost $5.99 (or £4), 20% off!", "In 1984, 3 000 000 people", "call 5 5 5 1 2 3 4",
                      "El 2do día, a las 15:30 h, costó $1.50", "Le 1er mai 1905 à 21h", "   ", ""]
    for _ in range(60):
        texts.append("".join(rng.choice(PIECES) + rng.choice([" ", " ", " ", " ", "", ", ", ". ", "\u00a0"])
                             for _ in range(rng.randrange(1, 9))))
    cases = []
    for text in texts:
        for name, run in NORMALIZERS.items():
            for lang in ["en", "es", "fr", "de"] if name == "speech_matrix" else ["en"]:
                try:
                    cases.append({"name": name, "lang": lang, "in": text, "out": run(text, lang)})
                except (ValueError, TypeError, IndexError, OverflowError, inflect.NumOutOfRangeError):
                    pass  # a number too large, an ordinal that num2words 0.5.10 fails on
    out = json.dumps({"numbers": spelled, "cases": cases}, ensure_ascii=False, separators=(",", ":"))
    print(out.replace("},{", "},\n{"))


if __name__ == "__main__":
    main()
