//! Clause 6.6: what the file says of itself in XMP, and that the information dictionary agrees.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Document, Object};

use super::{Found, dictionary, entry};

const ID: &str = "http://www.aiim.org/pdfa/ns/id/";
const EXTENSION: &str = "http://www.aiim.org/pdfa/ns/extension/";
/// Properties of the XMP specification of 2005, which need no description (6.6.2.3.1).
const PREDEFINED: [(&str, &[&str]); 5] = [
    ("http://purl.org/dc/elements/1.1/", &["title", "creator", "language", "format", "date"]),
    ("http://ns.adobe.com/xap/1.0/", &["CreatorTool", "CreateDate", "ModifyDate", "MetadataDate"]),
    (
        "http://ns.adobe.com/xap/1.0/mm/",
        &["DocumentID", "InstanceID", "RenditionClass", "History", "VersionID"],
    ),
    ("http://ns.adobe.com/xap/1.0/t/pg/", &["NPages", "MaxPageSize"]),
    ("http://ns.adobe.com/pdf/1.3/", &["Keywords", "PDFVersion", "Producer"]),
];

pub(super) fn check(document: &Document, found: &mut Found) {
    let Ok(catalog) = document.catalog() else { return };
    let Some(Object::Stream(stream)) = entry(document, catalog, b"Metadata") else {
        found.hold(false, "6.6.2.1", "no metadata");
        return;
    };
    let bytes = stream.decompressed_content().unwrap_or_else(|_| stream.content.clone());
    let Ok(text) = String::from_utf8(bytes) else {
        found.hold(false, "6.6.2.1", "the metadata is not UTF-8");
        return;
    };
    let head = text.split("?>").next().unwrap_or_default();
    let packet = head.starts_with("<?xpacket begin=") && head.contains("W5M0MpCehiHzreSzNTczkc9d");
    found.hold(packet, "6.6.2.1", "the metadata is no packet");
    let attributes = head.contains(" bytes=") || head.contains(" encoding=");
    found.hold(!attributes, "6.6.2.1", "the packet has attributes that are forbidden");
    let Some(xmp) = Xmp::read(&text) else {
        found.hold(false, "6.6.2.1", "the metadata is not well formed");
        return;
    };
    let is = |name: &str, value: &str| xmp.value(ID, name) == Some(value);
    found.hold(is("part", "3"), "6.6.4", "not part 3");
    found.hold(is("conformance", "A"), "6.6.4", "not level A");
    described(&xmp, &text, found);
    information(document, &xmp, found);
}

/// Every property is predefined or described.
fn described(xmp: &Xmp, text: &str, found: &mut Found) {
    let mut described = BTreeSet::new();
    for schema in text.split("<pdfaSchema:namespaceURI>").skip(1) {
        let namespace = schema.split('<').next().unwrap_or_default();
        for property in schema.split("<pdfaProperty:name>").skip(1) {
            let name = property.split('<').next().unwrap_or_default();
            described.insert((namespace, name));
        }
    }
    for part in ["category", "description", "name", "valueType"] {
        let count = text.matches(&format!("<pdfaProperty:{part}>")).count();
        found.hold(count == described.len(), "6.6.2.3.3", "a property half described");
    }
    for (namespace, name) in xmp.properties.keys() {
        let predefined = PREDEFINED
            .iter()
            .any(|(known, names)| known == namespace && names.contains(&name.as_str()));
        let own = namespace == ID || namespace == EXTENSION;
        let fine = own || predefined || described.contains(&(namespace.as_str(), name.as_str()));
        found.hold(fine, "6.6.2.3.1", &format!("{namespace}{name} is not described"));
    }
}

/// ISO 19005-1, 6.7.3; part 3 no longer asks for it, readers do.
fn information(document: &Document, xmp: &Xmp, found: &mut Found) {
    let trailer = &document.trailer;
    let Some(info) = dictionary(document, trailer, b"Info") else {
        found.hold(false, "6.6.3", "no information dictionary");
        return;
    };
    let pairs: [(&[u8], &str, &str); 4] = [
        (b"Title", PREDEFINED[0].0, "title"),
        (b"Author", PREDEFINED[0].0, "creator"),
        (b"Creator", PREDEFINED[1].0, "CreatorTool"),
        (b"Producer", PREDEFINED[4].0, "Producer"),
    ];
    for (key, namespace, name) in pairs {
        let said = entry(document, info, key).and_then(|v| lopdf::decode_text_string(v).ok());
        let wanted = xmp.value(namespace, name).map(plain);
        found.hold(said.is_some() && said == wanted, "6.6.3", &format!("{name} differs"));
    }
    for (key, name) in [(b"CreationDate".as_slice(), "CreateDate"), (b"ModDate", "ModifyDate")] {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let said = entry(document, info, key).and_then(|v| v.as_str().ok());
        let said = said.map(|text| digits(&String::from_utf8_lossy(text)));
        let wanted = xmp.value(PREDEFINED[1].0, name).map(digits);
        found.hold(said.is_some() && said == wanted, "6.6.3", &format!("{name} differs"));
    }
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// The properties of a packet: namespace and name, with the first text inside.
struct Xmp {
    properties: BTreeMap<(String, String), String>,
}

impl Xmp {
    /// `None` unless every element is closed where it should be.
    fn read(text: &str) -> Option<Self> {
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open: Vec<&str> = Vec::new();
        let mut properties = BTreeMap::new();
        let mut current = None;
        for part in text.split('<').skip(1) {
            let (tag, inside) = part.split_once('>')?;
            if tag.starts_with('?') {
                continue;
            }
            if let Some(closed) = tag.strip_prefix('/') {
                (open.pop()? == closed).then_some(())?;
                continue;
            }
            let mut words = tag.split_whitespace();
            let name = words.next()?;
            for declared in words.filter_map(|word| word.strip_prefix("xmlns:")) {
                let (prefix, uri) = declared.split_once('=')?;
                names.insert(prefix, uri.trim_matches('"'));
            }
            open.push(name);
            // x:xmpmeta, rdf:RDF, rdf:Description, then a property.
            if open.len() == 4 {
                let (prefix, name) = name.split_once(':')?;
                current = Some(((*names.get(prefix)?).to_owned(), name.to_owned()));
            }
            if open.len() >= 4 {
                let value: &mut String = properties.entry(current.clone()?).or_default();
                if value.is_empty() {
                    inside.clone_into(value);
                }
            }
        }
        open.is_empty().then_some(Self { properties })
    }

    fn value(&self, namespace: &str, name: &str) -> Option<&str> {
        self.properties.get(&(namespace.to_owned(), name.to_owned())).map(String::as_str)
    }
}
