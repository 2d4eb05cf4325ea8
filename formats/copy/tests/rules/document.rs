//! Clauses 6.2 to 6.4 and 6.7 to 6.9: colours, images, annotations, structure, attached files.

use lopdf::content::Content;
use lopdf::{Dictionary, Document, Object};

use super::{Found, array, dictionary, entry, name};

/// How deep the graphics state may be saved (6.1.13).
const SAVED_MAX: usize = 28;
/// The sides of a page in points (6.1.13).
const SIDES: std::ops::RangeInclusive<f32> = 3.0..=14_400.0;
/// Blend modes of ISO 32000-1 that a copy could need (6.2.10).
const BLEND: [&[u8]; 3] = [b"", b"Normal", b"Compatible"];
/// Annotation flags (6.3.2): printed, and none of invisible, hidden, no view, toggled.
const PRINTED: i64 = 1 << 2;
const UNSEEN: i64 = 1 | 1 << 1 | 1 << 5 | 1 << 8;
/// Structure types of ISO 32000-1, 14.8.4, that copies may use (6.7.3.3).
const TYPES: [&[u8]; 16] = [
    b"Document",
    b"Part",
    b"Sect",
    b"Div",
    b"H1",
    b"H2",
    b"P",
    b"Span",
    b"Figure",
    b"Table",
    b"TR",
    b"TH",
    b"TD",
    b"L",
    b"LI",
    b"Note",
];

pub(super) fn check(document: &Document, found: &mut Found) {
    let Ok(catalog) = document.catalog() else {
        found.hold(false, "6.1.1", "there is no catalog");
        return;
    };
    output_intent(document, catalog, found);
    for page in document.page_iter() {
        page_rules(document, page, found);
    }
    for object in document.objects.values() {
        match object {
            Object::Stream(stream) if name(document, &stream.dict, b"Subtype") == b"Image" => {
                image(document, &stream.dict, found);
            }
            Object::Dictionary(item) if name(document, item, b"Type") == b"ExtGState" => {
                let mode = name(document, item, b"BM");
                found.hold(BLEND.contains(&mode), "6.2.10", "a blend mode");
            }
            _ => {}
        }
    }
    if let Some(form) = dictionary(document, catalog, b"AcroForm") {
        let needs = entry(document, form, b"NeedAppearances").and_then(|v| v.as_bool().ok());
        found.hold(needs != Some(true), "6.4.1", "readers must draw the fields");
    }
    structure(document, catalog, found);
    attached(document, catalog, found);
    found.hold(!catalog.has(b"OCProperties"), "6.9", "optional content");
}

fn output_intent(document: &Document, catalog: &Dictionary, found: &mut Found) {
    let intents = array(document, catalog, b"OutputIntents");
    let intents: Vec<_> = intents.iter().filter_map(|intent| intent.as_dict().ok()).collect();
    let ours = intents.iter().find(|intent| name(document, intent, b"S") == b"GTS_PDFA1");
    let profile = ours.and_then(|intent| entry(document, intent, b"DestOutputProfile"));
    let Some(Object::Stream(profile)) = profile else {
        found.hold(false, "6.2.3", "no output intent with a profile");
        return;
    };
    let bytes = profile.decompressed_content().unwrap_or_else(|_| profile.content.clone());
    // ISO 15076-1, 7.2: version at 8, class at 12, colour space at 16, the file's mark at 36.
    let good = bytes.get(36..40) == Some(b"acsp")
        && bytes.get(8).is_some_and(|version| (2..=4).contains(version))
        && [Some(b"mntr".as_slice()), Some(b"prtr")].contains(&bytes.get(12..16))
        && bytes.get(16..20) == Some(b"RGB ")
        && entry(document, &profile.dict, b"N").and_then(|n| n.as_i64().ok()) == Some(3);
    found.hold(good, "6.2.3", "the output intent has no RGB profile");
}

fn page_rules(document: &Document, id: lopdf::ObjectId, found: &mut Found) {
    let Ok(page) = document.get_dictionary(id) else { return };
    let numbers: Vec<f32> =
        array(document, page, b"MediaBox").iter().filter_map(|n| n.as_float().ok()).collect();
    let sides = match numbers.as_slice() {
        [left, bottom, right, top] => [right - left, top - bottom],
        _ => [0.0, 0.0],
    };
    found.hold(sides.iter().all(|side| SIDES.contains(side)), "6.1.13", "a page's size");
    let tabs = name(document, page, b"Tabs");
    let annotations = array(document, page, b"Annots");
    found.hold(annotations.is_empty() || tabs == b"S", "6.7.1", "fields without an order");
    for annotation in annotations.iter().filter_map(|a| a.as_dict().ok()) {
        annotation_rules(document, annotation, found);
    }
    let content = Content::decode(&document.get_page_content(id));
    let Ok(content) = content else {
        found.hold(false, "6.2.2", "the content does not parse");
        return;
    };
    let (mut depth, mut most) = (0usize, 0);
    for operation in &content.operations {
        match operation.operator.as_str() {
            "q" => depth += 1,
            "Q" => depth = depth.saturating_sub(1),
            "BI" => found.hold(false, "6.1.10", "an inline image"),
            "k" | "K" => found.hold(false, "6.2.4.3", "CMYK without its output intent"),
            "ri" | "BX" | "EX" => found.hold(false, "6.2.2", "an operator no copy needs"),
            _ => {}
        }
        most = most.max(depth);
    }
    found.hold(most <= SAVED_MAX, "6.1.13", "the state is saved too deep");
    found.hold(depth == 0, "6.2.2", "the state is not restored");
}

fn annotation_rules(document: &Document, annotation: &Dictionary, found: &mut Found) {
    let widget = name(document, annotation, b"Subtype") == b"Widget";
    found.hold(widget, "6.3.1", "an annotation that is no field");
    let flags = entry(document, annotation, b"F").and_then(|f| f.as_i64().ok()).unwrap_or(0);
    found.hold(flags & PRINTED != 0 && flags & UNSEEN == 0, "6.3.2", "a field's flags");
    let corners: Vec<f32> =
        array(document, annotation, b"Rect").iter().filter_map(|n| n.as_float().ok()).collect();
    let empty = matches!(corners.as_slice(), [a, b, c, d] if a == c && b == d);
    let seen = dictionary(document, annotation, b"AP").is_some_and(|ap| ap.has(b"N"));
    found.hold(empty || seen, "6.3.3", "a field with extent and without appearance");
    found.hold(!annotation.has(b"A"), "6.4.1", "a field with an action");
}

fn image(document: &Document, image: &Dictionary, found: &mut Found) {
    let truth = |key: &[u8]| entry(document, image, key).and_then(|v| v.as_bool().ok());
    found.hold(truth(b"Interpolate") != Some(true), "6.2.8.1", "an image is interpolated");
    found.hold(!image.has(b"Alternates"), "6.2.8.1", "an image has alternates");
    if truth(b"ImageMask") == Some(true) {
        let bits = entry(document, image, b"BitsPerComponent").and_then(|bits| bits.as_i64().ok());
        let plain = bits.is_none_or(|bits| bits == 1) && !image.has(b"ColorSpace");
        found.hold(plain, "6.2.8.1", "a mask that is a picture");
        return;
    }
    let space = match entry(document, image, b"ColorSpace") {
        Some(Object::Name(space)) => space.as_slice(),
        Some(Object::Array(parts)) => {
            parts.first().and_then(|part| part.as_name().ok()).unwrap_or_default()
        }
        _ => b"",
    };
    let known: [&[u8]; 5] = [b"ICCBased", b"DeviceRGB", b"DeviceGray", b"CalRGB", b"CalGray"];
    found.hold(known.contains(&space), "6.2.4", "an image's colours");
}

fn structure(document: &Document, catalog: &Dictionary, found: &mut Found) {
    let marked = dictionary(document, catalog, b"MarkInfo")
        .and_then(|info| entry(document, info, b"Marked"))
        .and_then(|marked| marked.as_bool().ok());
    found.hold(marked == Some(true), "6.7.2.2", "the file is not marked as tagged");
    let language = entry(document, catalog, b"Lang").and_then(|lang| lang.as_str().ok());
    found.hold(language.is_some_and(|lang| !lang.is_empty()), "6.7.4", "no language");
    let Some(root) = dictionary(document, catalog, b"StructTreeRoot") else {
        found.hold(false, "6.7.3.1", "no structure");
        return;
    };
    found.hold(dictionary(document, root, b"ParentTree").is_some(), "6.7.3.1", "no parent tree");
    let mut figures = 0;
    for child in array(document, root, b"K") {
        element(document, child, 64, &mut figures, found);
    }
    let pages = document.page_iter().count();
    found.hold(figures + 1 >= pages, "6.7.3.1", "pages without a place in the structure");
}

fn element(
    document: &Document,
    object: &Object,
    depth: usize,
    figures: &mut usize,
    found: &mut Found,
) {
    let Ok(item) = object.as_dict() else { return };
    if !item.has(b"S") {
        return;
    }
    found.hold(depth > 0, "6.7.3.1", "the structure is too deep");
    let kind = name(document, item, b"S");
    found.hold(TYPES.contains(&kind), "6.7.3.3", "an unknown structure type");
    if kind == b"Figure" {
        *figures += 1;
        let alt = entry(document, item, b"Alt").and_then(|alt| alt.as_str().ok());
        found.hold(alt.is_some_and(|alt| !alt.is_empty()), "6.7.5", "a figure without words");
    }
    if depth > 0 {
        let direct = entry(document, item, b"K").filter(|kid| kid.as_dict().is_ok());
        for kid in direct.into_iter().chain(array(document, item, b"K")) {
            element(document, kid, depth - 1, figures, found);
        }
    }
}

fn attached(document: &Document, catalog: &Dictionary, found: &mut Found) {
    let names = dictionary(document, catalog, b"Names")
        .and_then(|names| dictionary(document, names, b"EmbeddedFiles"));
    let listed = names.map(|tree| array(document, tree, b"Names")).unwrap_or_default();
    let associated = array(document, catalog, b"AF").len();
    found.hold(listed.len() == 2 && associated == 1, "6.8", "not one associated file");
    for file in listed.iter().filter_map(|item| item.as_dict().ok()) {
        found.hold(file.has(b"F") && file.has(b"UF"), "6.8", "a file without its name");
        let known: [&[u8]; 5] = [b"Source", b"Data", b"Alternative", b"Supplement", b"Unspecified"];
        let relation = name(document, file, b"AFRelationship");
        found.hold(known.contains(&relation), "6.8", "a file without relationship");
        let stream =
            dictionary(document, file, b"EF").and_then(|ef| dictionary(document, ef, b"F"));
        let mime = stream.map(|stream| name(document, stream, b"Subtype")).unwrap_or_default();
        found.hold(mime.contains(&b'/'), "6.8", "a file without its MIME type");
        let params = stream.and_then(|stream| dictionary(document, stream, b"Params"));
        found.hold(params.is_some_and(|p| p.has(b"ModDate")), "6.8", "a file without its date");
    }
}
