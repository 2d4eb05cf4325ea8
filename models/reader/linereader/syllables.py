"""Vietnamese syllables by rule: initial + rime + tone, in their written form.

Gives every syllable that the orthography allows, used or not: a reader must not prefer the words
it has seen over the letters on the page.
"""

from __future__ import annotations

from functools import cache

INITIALS = (
    "",
    *("b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x".split()),
)
OPEN_RIMES = (
    "a ai ao au ay âu ây e eo ê êu i ia iêu iu o oa oai oay oe oi ô ôi ơ ơi u ua uê ui uôi uơ uy "
    "uya uyu ư ưa ưi ươi ươu ưu y yêu oao uây oeo uâu am an ang anh ăm ăn ăng âm ân âng em en eng "
    "êm ên ênh im in inh iêm iên iêng om on ong oan oang oanh oăn oăng oăm oen ôm ôn ông ơm ơn um "
    "un ung uân uâng uôm uôn uông uyên uynh ưng ươm ươn ương yên yêm yêng uênh oong"
).split()
STOPPED_RIMES = (
    "ac ach ap at ăc ăp ăt âc âp ât ec ep et êch êp êt ich ip it iêc iêp iêt oc op ot oac oat oach "
    "oăc oăt oet ôc ôp ôt ơp ơt uc up ut uât uôc uôt uyêt uych ưc ưt ươc ươp ươt yêt yêc uyt"
).split()
BACK_ONLY = {"c", "g", "ng"}
FRONT_ONLY = {"k", "gh", "ngh"}
# Each row: a vowel without tone, then huyền, sắc, hỏi, ngã, nặng.
TONED = {
    row[0]: row
    for row in (
        "aàáảãạ ăằắẳẵặ âầấẩẫậ eèéẻẽẹ êềếểễệ iìíỉĩị oòóỏõọ ôồốổỗộ ơờớởỡợ uùúủũụ ưừứửữự yỳýỷỹỵ"
    ).split()
}
NONE, SAC, NANG = 0, 2, 5


def _tone_place(rime: str, new_style: bool) -> int:
    """Index of the letter that carries the tone."""
    marked = [at for at, letter in enumerate(rime) if letter in "ăâêôơư"]
    if marked:
        return marked[-1]
    vowels = [at for at, letter in enumerate(rime) if letter in TONED]
    if len(vowels) == 1:
        return vowels[0]
    if len(vowels) == 3 or rime[-1] not in TONED:
        return vowels[1] if len(vowels) == 3 or rime[0] in "ou" else vowels[0]
    return vowels[1] if new_style and rime in ("oa", "oe", "uy") else vowels[0]


def toned(rime: str, tone: int, new_style: bool) -> str:
    """``rime`` with tone 0..5 on the letter where old or new spelling puts it."""
    at = _tone_place(rime, new_style)
    return rime[:at] + TONED[rime[at]][tone] + rime[at + 1 :]


def _fits(initial: str, rime: str) -> bool:
    front = rime[0] in "eêiy"
    if initial in (BACK_ONLY if front else FRONT_ONLY):
        return False
    if initial == "qu":
        return rime[0] not in "uoôư" or rime == "ôc"
    if initial == "gi":
        return rime[0] != "i" or rime in ("i", "in", "iêng", "iêt", "iêc")
    if rime[0] == "y":
        return initial in ("", "k", "m", "l", "t", "h", "q", "s") and (rime == "y" or not initial)
    return not (initial == "" and rime.startswith("iê"))


def _joined(initial: str, rime: str) -> tuple[str, str]:
    """Initial and rime as written: gi + i is gi, gi + iêng is giêng."""
    return ("g", rime) if initial == "gi" and rime[0] == "i" else (initial, rime)


@cache
def syllables() -> tuple[str, ...]:
    """All written syllables, small letters, both places of the tone, sorted."""
    found = set()
    for initial in INITIALS:
        for rimes, tones in ((OPEN_RIMES, range(6)), (STOPPED_RIMES, (SAC, NANG))):
            for rime in (r for r in rimes if _fits(initial, r)):
                start, end = _joined(initial, rime)
                for tone in tones:
                    found |= {start + toned(end, tone, new) for new in (False, True)}
    return tuple(sorted(found))
