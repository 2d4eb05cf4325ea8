//! Documents prepared before signing: both keys are right, what they signed is not a copy.

use std::sync::LazyLock;

use formats_copy::{SealedCopy, VerificationCode};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};

use crate::Attack;
use crate::attack as a;
use crate::common::{self, SEALED};
use crate::forge::{self, File, Forgery};

static OTHER: LazyLock<SealedCopy> = LazyLock::new(|| {
    let mut request = common::request();
    request.code = VerificationCode::from_random([9; 10]);
    request.pages = vec![common::page(72, 0.0), common::page(72, 0.2)];
    let (mut officer, mut authority) = (SEALED.ca.ec_signer("a"), SEALED.ca.ec_signer("b"));
    formats_copy::seal(&request, &common::assets(), &mut officer, &mut authority)
        .expect("another copy")
});

pub(crate) fn other_copy() -> SealedCopy {
    OTHER.clone()
}

/// The first page of another copy, a JPEG.
pub(crate) fn other_copy_page() -> Vec<u8> {
    common::page(72, 0.0).jpeg.read().expect("it is in memory").into_owned()
}

fn sealed(base: &File) -> Vec<u8> {
    let (mut officer, mut authority) = (SEALED.ca.ec_signer("a"), SEALED.ca.ec_signer("b"));
    let fine = Forgery::default();
    forge::seal(base, (&mut officer, &fine), (&mut authority, &fine))
}

/// The same unsigned bytes, signed again.
pub(crate) fn honest(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = File::unsigned().bytes;
    change(&mut bytes);
    sealed(&File::new(bytes))
}

/// A copy by Decree 30, signed again.
pub(crate) fn honest_alone() -> Vec<u8> {
    forge::seal_alone(&sao_y(), &mut SEALED.ca.ec_signer("b"))
}

pub(crate) fn honest_rewritten() -> Vec<u8> {
    prepared(|_| {})
}

/// The unsigned copy, changed by a PDF library and signed by right keys.
fn prepared(change: impl FnOnce(&mut Document)) -> Vec<u8> {
    let mut document = File::unsigned().document;
    change(&mut document);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("it is written");
    sealed(&File::new(bytes))
}

fn catalog(document: &mut Document) -> &mut Dictionary {
    document.catalog_mut().expect("a catalog")
}

fn page(document: &Document, place: usize) -> ObjectId {
    document.page_iter().nth(place).expect("a page")
}

fn page_mut(document: &mut Document, place: usize) -> &mut Dictionary {
    let id = page(document, place);
    document.get_dictionary_mut(id).expect("a page")
}

/// The object of a page's image.
fn image(document: &Document, place: usize) -> ObjectId {
    let page = document.get_dictionary(page(document, place)).expect("a page");
    let resources = document.get_dict_in_dict(page, b"Resources").expect("resources");
    let images = document.get_dict_in_dict(resources, b"XObject").expect("images");
    let mut numbers = images.iter().map(|(_, object)| object.as_reference().expect("a reference"));
    let filter = |id: &ObjectId| {
        let image = document.get_object(*id).and_then(Object::as_stream).expect("an image");
        image.dict.get(b"Filter").and_then(Object::as_name).is_ok_and(|name| name == b"DCTDecode")
    };
    numbers.find(filter).expect("the page's image")
}

fn image_mut(document: &mut Document, place: usize) -> &mut Stream {
    let id = image(document, place);
    document.get_object_mut(id).and_then(Object::as_stream_mut).expect("an image")
}

/// Changes the drawing of the first page.
fn drawing(document: &mut Document, change: impl FnOnce(String) -> String) {
    drawing_of(document, 0, change);
}

/// Changes the drawing of a page.
fn drawing_of(document: &mut Document, place: usize, change: impl FnOnce(String) -> String) {
    let id = page_mut(document, place).get(b"Contents").and_then(Object::as_reference);
    let id = id.expect("a content");
    let stream = document.get_object_mut(id).and_then(Object::as_stream_mut).expect("a stream");
    let text = stream.decompressed_content().expect("it inflates");
    let text = change(text.iter().map(|byte| char::from(*byte)).collect());
    let bytes = text.chars().map(|c| c as u8).collect();
    *stream = Stream::new(dictionary! {}, bytes);
}

fn manifest(document: &mut Document) -> &mut Stream {
    let is = |object: &Object| {
        let stream = object.as_stream().ok();
        stream.is_some_and(|s| s.dict.get_type().is_ok_and(|t| t == b"EmbeddedFile"))
    };
    let found = document.objects.iter().find(|(_, object)| is(object)).expect("a manifest");
    let id = *found.0;
    document.get_object_mut(id).and_then(Object::as_stream_mut).expect("a stream")
}

fn edit(document: &mut Document, from: &str, to: &str) {
    let stream = manifest(document);
    let text = String::from_utf8(stream.content.clone()).expect("JSON");
    assert!(text.contains(from), "{text} has {from}");
    stream.set_plain_content(text.replace(from, to).into_bytes());
}

pub(crate) fn attacks() -> Vec<Attack> {
    [acting(), shown(), layered(), masked(), drawn_layers(), said_twice(), described()]
        .into_iter()
        .flatten()
        .chain(signed_by_others())
        .collect()
}

/// Content that acts when the file is opened, or that readers disagree about.
fn acting() -> Vec<Attack> {
    let script = || dictionary! { "S" => "JavaScript", "JS" => Object::string_literal("1") };
    let case = |name, change: fn(&mut Document)| a(name, "document", prepared(change));
    let root = |name, key: &str, value: Dictionary| {
        a(name, "document", prepared(|d| catalog(d).set(key, value)))
    };
    vec![
        root("signed script on opening", "OpenAction", script()),
        root("signed action before closing", "AA", dictionary! { "WC" => script() }),
        root("signed program start", "OpenAction", dictionary! { "S" => "Launch" }),
        root("signed XFA form", "AcroForm", dictionary! { "XFA" => Object::string_literal("") }),
        root("signed optional content", "OCProperties", dictionary! {}),
        root("signed certification", "Perms", dictionary! {}),
        root("signed outline", "Outlines", dictionary! {}),
        root("signed collection", "Collection", dictionary! {}),
        case("signed named script", |d| {
            let names = catalog(d).get_mut(b"Names").and_then(Object::as_dict_mut);
            names.expect("names").set("JavaScript", dictionary! {});
        }),
        case("signed annotation", |d| {
            let note = d.add_object(dictionary! { "Subtype" => "FreeText" });
            page_mut(d, 0).set("Annots", vec![note.into()]);
        }),
        case("signed empty form field", |d| {
            d.add_object(dictionary! { "FT" => "Tx", "T" => Object::string_literal("a") });
        }),
        case("shadow hide: a page prepared to be turned away", |d| {
            page_mut(d, 0).set("Rotate", 180);
        }),
        case("shadow hide: a page prepared to be cropped", |d| {
            page_mut(d, 0).set("CropBox", vec![0.into(), 0.into(), 9.into(), 9.into()]);
        }),
        a("shadow replace: an earlier revision inside", "document", {
            let file = File::unsigned();
            let info = file.text(file.info);
            let info_id = format!("/Info {} 0 R/ID[<00><00>]", file.info);
            sealed(&File::new(file.update(&[(file.info, info)], &info_id)))
        }),
    ]
}

/// Pages that do not show what the manifest names.
fn shown() -> Vec<Attack> {
    let case = |name, expected, change: fn(&mut Document)| a(name, expected, prepared(change));
    vec![
        case("image of another page", "page", |d| {
            image_mut(d, 0).set_content(other_copy_page());
        }),
        case("pages swapped before signing", "page", |d| {
            let (first, second) = (image(d, 0), image(d, 1));
            d.objects.insert((9000, 0), d.objects[&first].clone());
            let second_image = d.objects[&second].clone();
            d.objects.insert(first, second_image);
            let kept = d.objects.remove(&(9000, 0)).expect("kept");
            d.objects.insert(second, kept);
        }),
        case("a second image on the page", "page", |d| {
            let other = image(d, 1);
            let id = page_mut(d, 0).get(b"Resources").and_then(Object::as_reference);
            let resources = d.get_dictionary_mut(id.expect("resources")).expect("resources");
            let images = resources.get_mut(b"XObject").and_then(Object::as_dict_mut);
            images.expect("images").set("x9", other);
        }),
        case("words over the image", "page", |d| {
            drawing(d, |text| format!("{text}\nBT 0 Tr/f0 90 Tf 100 100 Td<0001>Tj ET"));
        }),
        case("a box over the image", "page", |d| {
            drawing(d, |text| format!("{text}\n0 0 300 300 re f"));
        }),
        case("a picture inside the drawing", "page", |d| {
            drawing(d, |text| format!("{text}\nBI /W 1/H 1/BPC 8/CS/G ID x EI"));
        }),
        case("what only lenient readers draw", "page", |d| {
            drawing(d, |text| format!("{text}\n) q 0 0 300 300 re f"));
        }),
        case("image drawn small", "page", |d| {
            drawing(d, |text| format!("0.1 0 0 0.1 0 0 cm\n{text}"));
        }),
        case("image drawn aside", "page", |d| {
            drawing(d, |text| format!("q 1 0 0 1 900 0 cm\n{text}\nQ"));
        }),
        case("words that cut the image", "page", |d| {
            drawing(d, |text| format!("7 Tr {text}"));
        }),
        case("image clipped", "page", |d| drawing(d, |text| format!("0 0 9 9 re W n {text}"))),
        case("image not drawn", "page", |d| drawing(d, |text| text.replace(" Do", ""))),
        case("image made transparent", "page", |d| {
            drawing(d, |text| format!("/g0 gs\n{text}"));
        }),
        case("image masked", "page", |d| {
            image_mut(d, 0).dict.set("Mask", vec![0.into(), 255.into()]);
        }),
        case("image inverted", "page", |d| {
            image_mut(d, 0).dict.set("Decode", vec![1.into(), 0.into()]);
        }),
        case("page of another size", "page", |d| {
            let size = vec![0.into(), 0.into(), 300.into(), 300.into()];
            page_mut(d, 0).set("MediaBox", size);
        }),
        case("a page less than the manifest says", "page-count", |d| d.delete_pages(&[1])),
        case("a page more than the manifest says", "page-count", |d| {
            let again = page(d, 0);
            let id = page_mut(d, 0).get(b"Parent").and_then(Object::as_reference);
            let tree = d.get_dictionary_mut(id.expect("a parent")).expect("a tree");
            tree.get_mut(b"Kids").and_then(Object::as_array_mut).expect("kids").push(again.into());
            tree.set("Count", 4);
        }),
    ]
}

/// The images of the second page, which is in layers: paper, ink, patch.
const LAYERED: usize = 1;

/// The names under which the layers of that page are drawn, from the bottom.
fn layer_names(text: &str) -> Vec<String> {
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    let drawn = words.windows(2).filter(|pair| pair[1] == "Do");
    let name = |pair: &[&str]| pair[0].rsplit('/').next().map(|name| format!("/{name}"));
    let drawn: Vec<_> = drawn.filter_map(name).collect();
    drawn[drawn.len() - 3..].to_vec()
}

fn layer_id(document: &Document, layer: usize) -> ObjectId {
    let page = document.get_dictionary(page(document, LAYERED)).expect("a page");
    let content = document.get_page_content(self::page(document, LAYERED));
    let name = layer_names(&String::from_utf8_lossy(&content)).swap_remove(layer);
    let resources = document.get_dict_in_dict(page, b"Resources").expect("resources");
    let images = document.get_dict_in_dict(resources, b"XObject").expect("images");
    let found = images.get(name.trim_start_matches('/').as_bytes());
    found.and_then(Object::as_reference).expect("an image")
}

fn layer_mut(document: &mut Document, layer: usize) -> &mut Stream {
    let id = layer_id(document, layer);
    document.get_object_mut(id).and_then(Object::as_stream_mut).expect("an image")
}

fn mask_mut(document: &mut Document) -> &mut Stream {
    let id = layer_mut(document, 1).dict.get(b"Mask").and_then(Object::as_reference);
    document.get_object_mut(id.expect("a mask")).and_then(Object::as_stream_mut).expect("a mask")
}

/// Draws the layers with other names: those at these places.
fn in_order(document: &mut Document, order: [usize; 3]) {
    drawing_of(document, LAYERED, |text| {
        let names = layer_names(&text);
        let mut text = text;
        for (i, name) in names.iter().enumerate().rev() {
            let at = text.rfind(&format!("{name} Do")).expect("it is drawn");
            text.replace_range(at..at + name.len(), &format!("@{i} "));
        }
        for (i, from) in order.into_iter().enumerate() {
            text = text.replace(&format!("@{i} "), &names[from]);
        }
        text
    });
}

/// Pages whose layers are not those of the manifest, or not where it says.
fn layered() -> Vec<Attack> {
    let case = |name, change: fn(&mut Document)| a(name, "page", prepared(change));
    vec![
        case("paper of another page under the ink", |d| {
            layer_mut(d, 0).set_content(other_copy_page());
        }),
        case("ink of another colour", |d| {
            let patch = layer_mut(d, 2).content.clone();
            layer_mut(d, 1).set_content(patch);
        }),
        case("patch of another page", |d| layer_mut(d, 2).set_content(other_copy_page())),
        case("ink of other letters", |d| {
            let mask = mask_mut(d);
            let at = mask.content.len() / 2;
            mask.content[at] ^= 0x10;
        }),
        case("manifest of layers elsewhere", |d| edit(d, "\"area\":[0,0", "\"area\":[1,0")),
        case("manifest of coarser paper", |d| {
            edit(d, "\"coarseness\":2", "\"coarseness\":3");
        }),
        case("manifest of paper of a few pixels", |d| {
            edit(d, "\"coarseness\":2", "\"coarseness\":999");
        }),
        case("manifest of no layers", |d| {
            let text = String::from_utf8(manifest(d).content.clone()).expect("JSON");
            let (before, rest) = text.split_once(",\"over\":[").expect("layers");
            let (_, after) = rest.split_once("]}]").or(rest.split_once("}]")).expect("an end");
            manifest(d).set_plain_content([before, after].concat().into_bytes());
        }),
    ]
}

/// Masks of the ink that are missing, elsewhere, or read in another way.
fn masked() -> Vec<Attack> {
    let case = |name, change: fn(&mut Document)| a(name, "page", prepared(change));
    vec![
        case("ink without its mask", |d| {
            layer_mut(d, 1).dict.remove(b"Mask");
        }),
        case("patch with the mask of the ink", |d| {
            let mask = layer_mut(d, 1).dict.get(b"Mask").expect("a mask").clone();
            layer_mut(d, 2).dict.set("Mask", mask);
        }),
        case("ink masked by its colours", |d| {
            layer_mut(d, 1).dict.set("Mask", vec![0.into(), 255.into()]);
        }),
        case("ink with a soft mask besides", |d| {
            let mask = layer_mut(d, 1).dict.get(b"Mask").expect("a mask").clone();
            layer_mut(d, 1).dict.set("SMask", mask);
        }),
        case("mask inverted", |d| {
            mask_mut(d).dict.set("Decode", vec![1.into(), 0.into()]);
        }),
        case("mask that is read as black is one", |d| {
            let parameters = mask_mut(d).dict.get_mut(b"DecodeParms");
            parameters.and_then(Object::as_dict_mut).expect("some").set("BlackIs1", true);
        }),
        case("mask of another width", |d| mask_mut(d).dict.set("Width", 100)),
        case("mask decoded with another width", |d| {
            let parameters = mask_mut(d).dict.get_mut(b"DecodeParms");
            parameters.and_then(Object::as_dict_mut).expect("some").set("Columns", 100);
        }),
        case("mask that is a picture", |d| mask_mut(d).dict.set("ImageMask", false)),
        case("mask coded in another way", |d| {
            mask_mut(d).dict.set("Filter", Object::Name(b"JBIG2Decode".to_vec()));
        }),
    ]
}

/// Layers drawn in another way than the manifest says.
fn drawn_layers() -> Vec<Attack> {
    let case = |name, change: fn(&mut Document)| a(name, "page", prepared(change));
    vec![
        case("layer left out", |d| {
            drawing_of(d, LAYERED, |text| {
                let name = layer_names(&text).swap_remove(2);
                text.replacen(&format!("{name} Do"), "", 1)
            });
        }),
        case("layer drawn twice", |d| {
            drawing_of(d, LAYERED, |text| {
                let name = layer_names(&text).swap_remove(2);
                text.replacen(&format!("{name} Do"), &format!("{name} Do {name} Do"), 1)
            });
        }),
        case("patch under the ink", |d| in_order(d, [0, 2, 1])),
        case("ink for the patch", |d| in_order(d, [0, 1, 1])),
        case("layer moved", |d| {
            drawing_of(d, LAYERED, |text| {
                let name = layer_names(&text).swap_remove(2);
                text.replacen(&format!("{name} Do"), &format!("1 0 0 1 0.2 0 cm {name} Do"), 1)
            });
        }),
        case("layer clipped", |d| {
            drawing_of(d, LAYERED, |text| {
                let name = layer_names(&text).swap_remove(1);
                text.replacen(&format!("{name} Do"), &format!("0 0 1 1 re W n {name} Do"), 1)
            });
        }),
        case("box between the layers", |d| {
            drawing_of(d, LAYERED, |text| {
                let name = layer_names(&text).swap_remove(2);
                text.replacen(&format!("{name} Do"), &format!("0 0 1 1 re f {name} Do"), 1)
            });
        }),
    ]
}

/// The unsigned copy with an entry more, put in under a name as long as the one that it takes.
fn with_again(change: fn(&mut Document), stand_in: &str, name: &str) -> Vec<u8> {
    let mut document = File::unsigned().document;
    change(&mut document);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("it is written");
    assert_eq!(stand_in.len(), name.len());
    sealed(&File::new(forge::replaced(&bytes, stand_in, name)))
}

/// Dictionaries with an entry twice, of which each reader takes the one it likes.
fn said_twice() -> Vec<Attack> {
    let case = |title, change: fn(&mut Document), stand_in, name| {
        a(title, "document", with_again(change, stand_in, name))
    };
    vec![
        case(
            "contents of a page twice",
            |d| {
                let other = page_mut(d, 1).get(b"Contents").expect("a content").clone();
                page_mut(d, 0).set("Contentz", other);
            },
            "/Contentz",
            "/Contents",
        ),
        case(
            "contents of a page twice, spelt in two ways",
            |d| {
                let other = page_mut(d, 1).get(b"Contents").expect("a content").clone();
                page_mut(d, 0).set("Conten_74s", other);
            },
            "/Conten_74s",
            "/Conten#74s",
        ),
        case(
            "mask of the ink twice",
            |d| {
                let mask = layer_mut(d, 1).dict.get(b"Mask").expect("a mask").clone();
                layer_mut(d, 1).dict.set("Masq", mask);
            },
            "/Masq",
            "/Mask",
        ),
        case(
            "width of an image twice",
            |d| image_mut(d, 0).dict.set("Widtg", 1),
            "/Widtg",
            "/Width",
        ),
        case(
            "pages of the catalog twice",
            |d| {
                let pages = catalog(d).get(b"Pages").expect("pages").clone();
                catalog(d).set("Pagez", pages);
            },
            "/Pagez",
            "/Pages",
        ),
        case(
            "root of the file twice",
            |d| {
                let root = d.trailer.get(b"Root").expect("a root").clone();
                d.trailer.set("Rood", root);
            },
            "/Rood",
            "/Root",
        ),
    ]
}

const CERTIFIED: &str = "\"product\":\"chung-thuc\"";
const SAO_Y: &str = "\"product\":\"sao-y\"";

/// The unsigned copy with another product in its manifest.
fn of_product(from: &str, to: &str, file: &File) -> File {
    let mut document = file.document.clone();
    edit(&mut document, from, to);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("it is written");
    File::new(bytes)
}

/// The unsigned form of a copy that the authority signs alone.
fn sao_y() -> File {
    File::new(forge::unsigned(&SAO_Y_COPY.bytes))
}

static SAO_Y_COPY: LazyLock<SealedCopy> = LazyLock::new(|| {
    let mut request = common::request();
    request.product = formats_copy::Product::SaoY;
    let (mut officer, mut authority) = (SEALED.ca.ec_signer("a"), SEALED.ca.ec_signer("b"));
    formats_copy::seal(&request, &common::assets(), &mut officer, &mut authority)
        .expect("a copy by Decree 30")
});

/// Right keys, and not the ones that the product asks for.
fn signed_by_others() -> Vec<Attack> {
    let key = |name: &str| SEALED.ca.ec_signer(name);
    let officer_alone =
        |base: &File| forge::sign(&base.bytes, base, "Officer", &mut key("a"), &Forgery::default());
    let (certified, sao_y) = (File::unsigned(), sao_y());
    let called_sao_y = of_product(CERTIFIED, SAO_Y, &certified);
    let called_certified = of_product(SAO_Y, CERTIFIED, &sao_y);
    let first = officer_alone(&certified).len();
    let both = sealed(&certified);
    vec![
        a("certified copy called sao y", "signers", sealed(&called_sao_y)),
        a("certified copy called sao y, officer's signature dropped", "page-count", {
            forge::seal_alone(&called_sao_y, &mut key("b"))
        }),
        a("certified copy by the authority alone", "signature-missing", {
            forge::seal_alone(&certified, &mut key("b"))
        }),
        a("certified copy by the officer alone", "signature-missing", officer_alone(&certified)),
        a("officer's signature taken out", "altered", {
            [certified.bytes.as_slice(), &both[first..]].concat()
        }),
        a("sao y by officer and authority", "signers", sealed(&sao_y)),
        a("sao y by the officer alone", "signature-missing", officer_alone(&sao_y)),
        a("sao y called a certified copy", "signature-missing", {
            forge::seal_alone(&called_certified, &mut key("b"))
        }),
        a("sao y called a certified copy, officer's signature added", "page-count", {
            sealed(&called_certified)
        }),
        a("sao y by the authority twice", "wrong-order", {
            let once = forge::seal_alone(&sao_y, &mut key("b"));
            forge::sign(&once, &sao_y, "Authority", &mut key("c"), &Forgery::default())
        }),
        a("sao y by the officer that its manifest names", "wrong-order", {
            forge::seal_alone(&sao_y, &mut key("Nguyễn Thị Thử"))
        }),
    ]
}

/// Manifests that do not belong to the pages.
fn described() -> Vec<Attack> {
    let case = |name, expected, change: fn(&mut Document)| a(name, expected, prepared(change));
    vec![
        case("manifest of another copy", "page", |d| {
            let other = OTHER.manifest.to_bytes().expect("JSON");
            manifest(d).set_plain_content(other);
        }),
        case("second manifest attached", "manifest", |d| {
            let names = catalog(d).get_mut(b"Names").and_then(Object::as_dict_mut);
            let files = names.expect("names").get_mut(b"EmbeddedFiles");
            let files = files.and_then(Object::as_dict_mut).expect("files");
            let list = files.get_mut(b"Names").and_then(Object::as_array_mut).expect("a list");
            let again = list.clone();
            list.extend(again);
        }),
        case("no manifest", "manifest", |d| {
            catalog(d).remove(b"Names");
        }),
        case("manifest of another name", "manifest", |d| {
            let names = catalog(d).get_mut(b"Names").and_then(Object::as_dict_mut);
            let files = names.expect("names").get_mut(b"EmbeddedFiles");
            let files = files.and_then(Object::as_dict_mut).expect("files");
            let list = files.get_mut(b"Names").and_then(Object::as_array_mut).expect("a list");
            list[0] = Object::string_literal("other.json");
        }),
        case("manifest compressed", "manifest", |d| {
            manifest(d).dict.set("Filter", Object::Name(b"FlateDecode".to_vec()));
        }),
        case("manifest not JSON", "manifest", |d| manifest(d).set_plain_content(b"{".to_vec())),
        case("manifest with an unknown entry", "manifest", |d| {
            edit(d, "{\"version\":3", "{\"version\":3,\"more\":1");
        }),
        case("manifest with an entry twice", "manifest", |d| {
            edit(d, "\"number\":7", "\"number\":7,\"number\":8");
        }),
        case("manifest of a later version", "manifest-version", |d| {
            edit(d, "\"version\":3", "\"version\":9");
        }),
        case("manifest with a mistyped code", "manifest", |d| {
            edit(d, "\"code\":\"", "\"code\":\"0")
        }),
        case("manifest that calls itself older than its entries", "manifest", |d| {
            edit(d, "\"version\":3", "\"version\":1");
        }),
        case("manifest that calls itself older than its layers", "manifest", |d| {
            edit(d, "\"version\":3", "\"version\":2");
        }),
        case("manifest of another turn", "page", |d| edit(d, "\"skew\":0", "\"skew\":500")),
        case("manifest of a turn that no scanner makes", "page", |d| {
            edit(d, "\"skew\":0", "\"skew\":90000");
        }),
        case("manifest of another margin", "page", |d| {
            edit(d, "\"margin_right\":160", "\"margin_right\":0");
        }),
        case("manifest of a margin as wide as a page", "page", |d| {
            edit(d, "\"margin_right\":160", "\"margin_right\":9999");
        }),
        case("manifest of an unknown product", "manifest", |d| {
            edit(d, "\"product\":\"chung-thuc\"", "\"product\":\"sao-luc\"");
        }),
        case("manifest of another time", "time", |d| edit(d, "T09:15:30", "T09:15:31")),
    ]
}
