//! Attacks of one who has the file and no key.

use crate::attack as a;
use crate::common::SEALED;
use crate::forge::{File, ends, find, replaced};
use crate::{Attack, insider};

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<<{entries}/Length {}>>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// Updates of every class of object, and of the file's frame.
pub(crate) fn appended() -> Vec<Attack> {
    let file = File::sealed();
    let mut all = pages(&file);
    all.extend(actions(&file));
    all.extend(parts(&file));
    all.extend(frames(&file));
    for attack in &all {
        let loads = lopdf::Document::load_mem(&attack.file).is_ok();
        assert!(
            loads || ["loop", "hybrid", "encrypted"].iter().any(|name| attack.name.contains(name)),
            "{} is a PDF",
            attack.name
        );
    }
    all
}

fn pages(file: &File) -> Vec<Attack> {
    let text = |n: u32| String::from_utf8(file.text(n)).expect("text");
    let [first, second, last] = file.pages[..] else { panic!("three pages") };
    let new = file.size;
    let tree = file.holding("/Type/Pages");
    let kids = |kids: String, count: usize| {
        format!("<</Type/Pages/Count {count}/Kids[{kids}]>>").into_bytes()
    };
    let content =
        text(first).split("/Contents ").nth(1).and_then(|t| t.split(' ').next().map(str::to_owned));
    let content: u32 = content.expect("a content").parse().expect("a number");
    let note = b"<</Type/Annot/Subtype/FreeText/Rect[0 0 600 800]/Contents(new)/DA(/F 9 Tf)>>";
    let drawn = stream("", b"BT /f0 40 Tf 100 100 Td (paid) Tj ET");
    let annots = |n: u32| format!("/Annots[{n} 0 R]");
    let up = |objects: &[(u32, Vec<u8>)]| file.update(objects, "");
    let page = |n| format!("{n} 0 R ");
    let swapped = [second, first, last].map(page).concat();
    let removed = [second, last].map(page).concat();
    let added = [first, second, new, last].map(page).concat();
    let crop = text(first).replace("/MediaBox", "/CropBox[0 0 9 9]/MediaBox").into_bytes();
    vec![
        a("shadow replace: content of a page", "added", up(&[(content, drawn.clone())])),
        a("shadow hide: page turned and cropped", "added", up(&[(first, crop)])),
        a("page swapped", "added", up(&[(tree, kids(swapped, 3))])),
        a("page removed", "added", up(&[(tree, kids(removed, 2))])),
        a("page added", "added", up(&[(tree, kids(added, 4)), (new, text(first).into_bytes())])),
        a(
            "evil annotation: note over a page",
            "added",
            up(&[(first, file.with(first, &annots(new))), (new, note.to_vec())]),
        ),
        a(
            "annotation: stamp on the statement",
            "added",
            up(&[(
                file.holding("/Subtype/Widget"),
                b"<</Type/Annot/Subtype/Stamp/Rect[0 0 99 99]>>".to_vec(),
            )]),
        ),
        a(
            "hide and replace: a second set of pages",
            "added",
            up(&[
                (new, kids(page(last), 1)),
                (file.root, {
                    let root = text(file.root);
                    root.replace(&format!("/Pages {tree} 0 R"), &format!("/Pages {new} 0 R"))
                        .into_bytes()
                }),
            ]),
        ),
    ]
}

fn actions(file: &File) -> Vec<Attack> {
    let root = |entries: &str| vec![(file.root, file.with(file.root, entries))];
    let up = |name, objects: Vec<(u32, Vec<u8>)>| a(name, "added", file.update(&objects, ""));
    let form = file.holding("/SigFlags");
    let page = file.pages[0];
    let text = |n: u32| String::from_utf8(file.text(n)).expect("text");
    let fields = text(form).replace("[", &format!("[{} 0 R ", file.size)).into_bytes();
    let field = b"<</FT/Tx/T(amount)/V(1000)/Subtype/Widget/Rect[0 0 99 99]>>".to_vec();
    let widget = file.holding("/T(Authority)");
    let other = text(widget).replace("/V ", "/V 9").into_bytes();
    let certification = "/Perms<</DocMDP 9 0 R>>";
    let names =
        text(file.root).replace("/EmbeddedFiles", "/JavaScript<</Names[(a)9 0 R]>>/EmbeddedFiles");
    vec![
        up("script on opening", root("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>")),
        up("program started on opening", root("/OpenAction<</S/Launch/F(cmd.exe)>>")),
        up("action before closing", root("/AA<</WC<</S/JavaScript/JS(1)>>>>")),
        up("named script", vec![(file.root, names.into_bytes())]),
        up("link on a page", vec![(page, file.with(page, "/AA<</O<</S/URI/URI(http:a)>>>>"))]),
        up("XFA form", vec![(form, file.with(form, "/XFA(<xdp/>)"))]),
        up("text field added", vec![(form, fields), (file.size, field)]),
        up("signature field emptied", vec![(widget, other)]),
        up("optional content hides a page", root("/OCProperties<</OCGs[]/D<<>>>>")),
        up("certification added behind the approvals", root(certification)),
        up("outline added", root("/Outlines<</Count 1>>")),
        up("validation data of no known form", root("/DSS<</Certs[]>>")),
    ]
}

fn parts(file: &File) -> Vec<Attack> {
    let up = |name, objects: Vec<(u32, Vec<u8>)>| a(name, "added", file.update(&objects, ""));
    let number = |mark| file.holding(mark);
    let title = b"<</Title(other)>>".to_vec();
    let xmp = stream("/Type/Metadata/Subtype/XML", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>");
    let manifest = stream("/Type/EmbeddedFile", b"{\"version\":1}");
    let image = stream(
        "/Type/XObject/Subtype/Image/Filter/DCTDecode/Width 1/Height 1",
        &insider::other_copy_page(),
    );
    let two = String::from_utf8(file.text(file.root)).expect("text");
    let two = two.replace("/Names[(", "/Names[(a.exe)9 0 R(").into_bytes();
    vec![
        up("information replaced", vec![(file.info, title)]),
        up("metadata replaced", vec![(number("/Subtype/XML"), xmp)]),
        up("manifest replaced", vec![(number("/Type/EmbeddedFile"), manifest)]),
        up("second attachment", vec![(file.root, two)]),
        up("image of a page replaced", vec![(number("/Filter/DCTDecode"), image)]),
        up("font replaced", vec![(number("/CIDToGIDMap"), stream("", b"font"))]),
        up("letters mapped anew", vec![(number("/Type/CMap"), stream("/Type/CMap", b"map"))]),
        up("colours replaced", vec![(number("/N 3"), stream("/N 3", b"icc"))]),
        up("signature replaced", vec![(number("/Type/Sig"), b"<</Type/Sig>>".to_vec())]),
    ]
}

fn frames(file: &File) -> Vec<Attack> {
    let sealed = &file.bytes;
    let end = sealed.len();
    let behind = |text: String| [sealed, text.as_bytes()].concat();
    let table = file.document.xref_start;
    let image = file.holding("/Filter/DCTDecode");
    let freed = format!(
        "xref\n{image} 1\n0000000000 00001 f \ntrailer\n<</Size {}/Root {} 0 R/Prev {table}>>\n\
         startxref\n{end}\n%%EOF\n",
        file.size, file.root
    );
    let entry = |kind: u8, offset: usize| {
        let [_, _, _, _, a, b, c, d] = (offset as u64).to_be_bytes();
        [kind, a, b, c, d]
    };
    let packed = {
        let content = b"90 0 <</Type/Catalog>>";
        let dict = "/Type/ObjStm/N 1/First 5";
        let head = format!("{} 0 obj\n", file.size);
        let objects = [head.as_bytes(), &stream(dict, content), b"\nendobj\n"].concat();
        let index = [entry(1, end), entry(1, end + objects.len())].concat();
        let dict = format!(
            "/Type/XRef/W[1 4 0]/Index[{} 2]/Size {}/Root {} 0 R/Prev {table}",
            file.size,
            file.size + 2,
            file.root
        );
        let head = format!("{} 0 obj\n", file.size + 1);
        let tail = format!("\nendobj\nstartxref\n{}\n%%EOF\n", end + objects.len());
        [sealed, &objects, head.as_bytes(), &stream(&dict, &index), tail.as_bytes()].concat()
    };
    let first_table = File::unsigned().document.xref_start;
    vec![
        a("empty update", "added", file.update(&[], "")),
        a(
            "table swapped back to the first",
            "added",
            behind(format!("startxref\n{first_table}\n%%EOF\n")),
        ),
        a("page image freed", "added", behind(freed)),
        a("object stream and cross-reference stream", "added", packed),
        a("hybrid cross-reference", "added", file.update(&[], "/XRefStm 17")),
        a("loop of earlier tables", "added", file.update(&[], &format!("/Prev {end}"))),
        a(
            "earlier table skips the signatures",
            "added",
            file.update(&[], &format!("/Prev {first_table}")),
        ),
        a(
            "encrypted",
            "added",
            file.update(&[], "/Encrypt<</Filter/Standard/V 1/R 2/O()/U()/P 0>>"),
        ),
        a("other catalog", "added", file.update(&[], &format!("/Root {} 0 R", file.pages[0]))),
        a("two updates", "added", File::new(file.update(&[], "")).update(&[], "")),
    ]
}

/// Bytes changed in place, cut off, or moved.
pub(crate) fn changed() -> Vec<Attack> {
    let sealed = &SEALED.copy.bytes;
    let mut all = flipped(sealed);
    all.extend(cut(sealed));
    all.extend(ranges(sealed));
    all.extend(moved(sealed));
    all
}

fn flipped(sealed: &[u8]) -> Vec<Attack> {
    let marks = [
        ("header", "PDF-1.7", "not-pdf"),
        ("page", "/Type/Page/", "changed"),
        ("page tree", "/Type/Pages", "changed"),
        ("image", "/Filter/DCTDecode", "changed"),
        ("font", "/FontFile2", "changed"),
        ("letters", "/Type/CMap", "changed"),
        ("catalog", "/Type/Catalog", "changed"),
        ("information", "/Title<", "changed"),
        ("metadata", "/Type/Metadata", "changed"),
        ("manifest", "\"book\":", "changed"),
        ("attachment", "/Type/Filespec", "changed"),
        ("colours", "/N 3", "changed"),
        ("officer's field", "/T(Officer)", "altered"),
        ("officer's date", "/M(D:2026", "changed"),
        ("authority's field", "/T(Authority)", "altered"),
        ("form", "/SigFlags", "changed"),
        ("first table", "xref\n0 ", "changed"),
        ("identifier", "/ID", "changed"),
    ];
    marks
        .map(|(name, mark, expected)| {
            let at = find(sealed, mark.as_bytes()).unwrap_or_else(|| panic!("no {mark}"));
            let mut file = sealed.to_vec();
            file[at + mark.len() - 1] ^= if name == "header" { 0 } else { 1 };
            if name == "header" {
                file[1] ^= 1;
            }
            a(name, expected, file)
        })
        .into()
}

fn cut(sealed: &[u8]) -> Vec<Attack> {
    let ends = ends(sealed);
    let hole = find(sealed, b"/Contents <").expect("a signature");
    let part = |length: usize| sealed[..length].to_vec();
    vec![
        a("last line end cut", "altered", part(sealed.len() - 1)),
        a("end mark cut", "cut", part(sealed.len() - 3)),
        a("cut in the authority's signature", "cut", part(ends[1] + 500)),
        a("authority's signature cut off", "signature-missing", part(ends[1])),
        a("cut in the officer's signature", "cut", part(hole + 200)),
        a("both signatures cut off", "not-certified-copy", part(ends[0] - 1)),
        a("cut in the pages", "cut", part(sealed.len() / 3)),
        a("header only", "cut", part(9)),
        a("nothing", "not-pdf", Vec::new()),
        a("zeros behind the end", "cut", [sealed, &[0; 100]].concat()),
        a("words behind the end", "cut", [sealed, b"% more\n".as_slice()].concat()),
        a("a line end behind the end", "cut", [sealed, b"\n".as_slice()].concat()),
        a("something before the header", "not-pdf", [b"\n", sealed].concat()),
        a("twice the file", "added", [sealed, sealed].concat()),
    ]
}

/// Universal forgery: ranges and contents that make a lax verifier check nothing.
fn ranges(sealed: &[u8]) -> Vec<Attack> {
    let at = sealed.windows(11).rposition(|w| w == b"/ByteRange ").expect("a range");
    let text = std::str::from_utf8(&sealed[at..at + 47]).expect("text");
    let numbers: Vec<usize> = text[12..]
        .trim_end()
        .trim_end_matches(']')
        .split(' ')
        .map(|n| n.parse().expect("a number"))
        .collect();
    let [_, b, c, d] = numbers[..] else { panic!("four numbers") };
    let range = |to: String| replaced(sealed, text, &format!("/ByteRange {to}"));
    let usf = |name, file| a(name, "altered", file);
    let contents = |to: &str| {
        let start = at + 47;
        let mut file = sealed.to_vec();
        let end = start + find(&file[start..], b">").expect("an end") + 1;
        let width = end - start;
        file[start..end].copy_from_slice(format!("{to:<width$}").as_bytes());
        file
    };
    vec![
        usf("range missing", replaced(sealed, text, "/ByteXange [0 1 2 3]")),
        usf("range null", range("null".into())),
        usf("range empty", range("[]".into())),
        usf("range of zeros", range("[0 0 0 0]".into())),
        usf("range negative", range(format!("[0 -{b} {c} {d}]"))),
        usf("range overlapping", range(format!("[0 {c} {b} {d}]"))),
        usf("range not to the end", range(format!("[0 {b} {c} {}]", d - 10))),
        usf("range beyond the end", range(format!("[0 {b} {c} {}]", d + 10))),
        usf("range not from the beginning", range(format!("[1 {} {c} {d}]", b - 1))),
        usf("range of three parts", range(format!("[0 9 10 {} {c} {d}]", b - 10))),
        usf("range of one part", range(format!("[0 {b}]"))),
        usf("range too large to count", range("[0 99999999999999999999 1 1]".into())),
        usf("hole wider than the signature", range(format!("[0 {} {c} {d}]", b - 20))),
        usf("contents null", contents("/Contents null")),
        usf("contents a text", contents("/Contents (0)")),
        a("contents empty", "altered", contents("/Contents <>")),
        a("contents zero", "altered", contents("/Contents <00>")),
    ]
}

/// Signature wrapping: the signed parts kept, something else in between.
fn moved(sealed: &[u8]) -> Vec<Attack> {
    let hole = sealed.windows(11).rposition(|w| w == b"/Contents <").expect("a hole") + 10;
    let end = hole + find(&sealed[hole..], b">").expect("its end") + 1;
    let ends = ends(sealed);
    let (head, gap, tail) = (&sealed[..hole], &sealed[hole..end], &sealed[end..]);
    let evil = b"/Evil(between)".as_slice();
    let officer = &sealed[ends[0]..ends[1]];
    let authority = &sealed[ends[1]..];
    let upper = |bytes: &[u8]| bytes.to_ascii_uppercase();
    vec![
        a("wrapped: bytes behind the hole", "altered", [head, gap, evil, tail].concat()),
        a("wrapped: bytes before the hole", "altered", [head, evil, gap, tail].concat()),
        a("wrapped: second contents", "altered", [head, gap, b" ", gap, tail].concat()),
        a("contents in capitals", "altered", [head, &upper(gap), tail].concat()),
        a("contents with spaces", "altered", [head, b"< ", &gap[1..], tail].concat()),
        a("contents of the officer", "altered", {
            let from = find(sealed, b"/Contents <").expect("a hole") + 10;
            let length = find(&sealed[from..], b">").expect("its end") + 1;
            [head, &sealed[from..from + length], tail].concat()
        }),
        a("officer's revision twice", "altered", [&sealed[..ends[1]], officer, authority].concat()),
        a("officer's revision left out", "altered", [&sealed[..ends[0]], authority].concat()),
        a("authority's revision twice", "added", [sealed, authority].concat()),
        a("revisions changed about", "altered", {
            [&sealed[..ends[0]], authority, officer].concat()
        }),
    ]
}
