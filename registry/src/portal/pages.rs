//! The pages, from their facts.

use axum::response::{Html as HtmlBody, IntoResponse, Response};
use formats_copy::CodeError;
use http::StatusCode;
use http::header::RETRY_AFTER;
use time::OffsetDateTime;
use time::macros::format_description;

use super::html::Html;
use super::lookup::ByFile;
use super::text::{Lang, Text};
use crate::Facts;
use crate::store::Kept;

/// Everything a page needs beside its own facts.
pub(super) struct Page<'a> {
    pub(super) lang: Lang,
    pub(super) text: &'a Text,
    pub(super) public_url: &'a str,
}

/// What a banner means; shown by word, sign and colour together.
#[derive(Clone, Copy)]
enum Tone {
    Good,
    Wait,
    Bad,
}

impl Page<'_> {
    pub(super) fn start(&self) -> Response {
        let t = self.text;
        self.whole(StatusCode::OK, &t.start_title, |html| {
            html.raw("<h1>").text(&t.start_title).raw("</h1><p class=\"lead\">");
            html.text(&t.start_lead).raw("</p>");
            self.forms(html, "", false);
        })
    }

    pub(super) fn found(&self, kept: &Kept) -> Response {
        let t = self.text;
        self.whole(StatusCode::OK, &t.found_title, |html| {
            if kept.facts.specimen {
                banner(html, Tone::Wait, &t.specimen_title, &t.specimen_text);
            } else if kept.proof.revoked {
                banner(html, Tone::Bad, &t.revoked_title, &t.revoked_text);
            } else {
                banner(html, Tone::Good, &t.found_title, &t.found_text);
            }
            self.qr_status(html, &kept.facts.code);
            self.facts(html, &kept.facts, Some(kept));
            html.raw("<p class=\"lead\">").text(&t.found_next).raw("</p>");
            self.forms(html, "", true);
        })
    }

    pub(super) fn unknown(&self, code: &str) -> Response {
        let t = self.text;
        self.notice(StatusCode::NOT_FOUND, Tone::Wait, &t.unknown_title, &t.unknown_text, code)
    }

    pub(super) fn mistyped(&self, typed: &str, error: CodeError) -> Response {
        let t = self.text;
        let sentence = match error {
            CodeError::Check => &t.mistyped_text,
            CodeError::Length { .. } => &t.length_text,
            CodeError::Symbol { .. } => &t.symbol_text,
        };
        let typed: String = typed.chars().take(TYPED_CHARS_SHOWN).collect();
        self.notice(StatusCode::BAD_REQUEST, Tone::Wait, &t.mistyped_title, sentence, &typed)
    }

    pub(super) fn file(&self, outcome: &ByFile) -> Response {
        let t = self.text;
        let (tone, title, sentence) = match outcome {
            ByFile::Held(kept) if kept.facts.specimen => {
                (Tone::Wait, &t.specimen_title, &t.specimen_text)
            }
            ByFile::NotHeld(facts) if facts.specimen => {
                (Tone::Wait, &t.specimen_title, &t.specimen_text)
            }
            ByFile::Held(kept) if kept.proof.revoked => {
                (Tone::Bad, &t.revoked_title, &t.revoked_text)
            }
            ByFile::Held(_) => (Tone::Good, &t.held_title, &t.held_text),
            ByFile::NotHeld(_) => (Tone::Wait, &t.not_held_title, &t.not_held_text),
            ByFile::OtherFile(_) => (Tone::Bad, &t.other_title, &t.other_text),
            ByFile::Refused(_) => (Tone::Bad, &t.refused_title, &t.refused_text),
        };
        self.whole(outcome.status(), title, |html| {
            match outcome {
                ByFile::Held(kept) => {
                    banner(html, tone, title, sentence);
                    self.facts(html, &kept.facts, Some(kept));
                }
                ByFile::NotHeld(facts) | ByFile::OtherFile(facts) => {
                    banner(html, tone, title, sentence);
                    self.facts(html, facts, None);
                }
                ByFile::Refused(refusal) => {
                    let reason = match self.lang {
                        Lang::Vi => &refusal.vi,
                        Lang::En => &refusal.en,
                    };
                    banner(html, tone, title, &format!("{sentence} {reason}"));
                    html.raw("<p class=\"lead\">").text(&t.refused_note).raw("</p>");
                }
            }
            self.again(html, "");
        })
    }

    pub(super) fn no_file(&self, status: StatusCode) -> Response {
        let t = self.text;
        let large = status == StatusCode::PAYLOAD_TOO_LARGE;
        let sentence = if large { &t.too_large_text } else { &t.no_file_text };
        self.notice(status, Tone::Wait, &t.no_file_title, sentence, "")
    }

    pub(super) fn busy(&self, status: StatusCode) -> Response {
        let t = self.text;
        let page = self.notice(status, Tone::Wait, &t.busy_title, &t.busy_text, "");
        ([(RETRY_AFTER, "60")], page).into_response()
    }

    pub(super) fn broken(&self) -> Response {
        let (t, status) = (self.text, StatusCode::SERVICE_UNAVAILABLE);
        self.notice(status, Tone::Wait, &t.broken_title, &t.broken_text, "")
    }

    pub(super) fn nowhere(&self) -> Response {
        let t = self.text;
        self.notice(StatusCode::NOT_FOUND, Tone::Wait, &t.nowhere_title, &t.nowhere_text, "")
    }

    /// A banner and the forms to try again.
    fn notice(
        &self,
        status: StatusCode,
        tone: Tone,
        title: &str,
        text: &str,
        code: &str,
    ) -> Response {
        self.whole(status, title, |html| {
            banner(html, tone, title, text);
            self.again(html, code);
        })
    }

    fn again(&self, html: &mut Html, code: &str) {
        html.raw("<h2 class=\"apart\">").text(&self.text.again_title).raw("</h2>");
        self.forms(html, code, false);
    }

    /// The frame around every page.
    fn whole(&self, status: StatusCode, title: &str, body: impl FnOnce(&mut Html)) -> Response {
        let t = self.text;
        let other = match self.lang {
            Lang::Vi => Lang::En,
            Lang::En => Lang::Vi,
        };
        let mut html = Html::new();
        html.raw("<!doctype html>\n<html lang=\"").text(self.lang.tag());
        html.raw("\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" ");
        html.raw("content=\"width=device-width, initial-scale=1\"><title>").text(title);
        html.raw(" · ").text(&t.site).raw("</title>");
        html.raw("<link rel=\"stylesheet\" href=\"/assets/style.css\">");
        html.raw("<link rel=\"icon\" href=\"/assets/mark.svg\" type=\"image/svg+xml\">");
        html.raw("<script src=\"/assets/check.js\" defer></script></head><body>");
        html.raw("<a class=\"skip\" href=\"#main\">").text(&t.skip).raw("</a>");
        html.raw("<header><div class=\"row\"><a class=\"name\" href=\"/?lang=");
        html.text(self.lang.tag()).raw("\"><img src=\"/assets/mark.svg\" alt=\"\" width=\"36\" ");
        html.raw("height=\"36\"><span>").text(&t.site).raw("</span></a><nav aria-label=\"");
        html.text(&t.languages).raw("\"><a class=\"language\" href=\"?lang=").text(other.tag());
        html.raw("\" lang=\"").text(other.tag()).raw("\" hreflang=\"").text(other.tag());
        html.raw("\">").text(&t.other_language).raw("</a></nav></div></header>");
        html.raw("<main id=\"main\" tabindex=\"-1\">");
        body(&mut html);
        html.raw("</main><footer><div><p>").text(&t.address_note).raw(" <strong>");
        html.text(self.public_url).raw("</strong></p><p>").text(&t.privacy_note);
        html.raw("</p></div></footer></body></html>\n");
        (status, HtmlBody(html.into_string())).into_response()
    }

    /// Both forms; both work without a script.
    fn forms(&self, html: &mut Html, code: &str, file_first: bool) {
        html.raw("<div class=\"forms\">");
        if file_first {
            self.file_form(html);
            self.code_form(html, code);
        } else {
            self.code_form(html, code);
            self.file_form(html);
        }
        html.raw("</div>");
    }

    fn code_form(&self, html: &mut Html, code: &str) {
        let t = self.text;
        html.raw("<section class=\"card\"><h2>").text(&t.code_title).raw("</h2>");
        html.raw("<form action=\"/v\" method=\"get\"><label for=\"code\">").text(&t.code_label);
        html.raw("</label><p class=\"hint\" id=\"code-hint\">").text(&t.code_hint);
        html.raw("</p><input id=\"code\" name=\"code\" required autocomplete=\"off\" ");
        html.raw("autocapitalize=\"characters\" spellcheck=\"false\" inputmode=\"text\" ");
        html.raw("placeholder=\"XXXX-XXXX-XXXX-XXXX\" aria-describedby=\"code-hint\" value=\"");
        html.text(code).raw("\"><input type=\"hidden\" name=\"lang\" value=\"");
        html.text(self.lang.tag()).raw("\"><button>").text(&t.code_button);
        html.raw("</button></form></section>");
    }

    fn file_form(&self, html: &mut Html) {
        let t = self.text;
        html.raw("<section class=\"card\"><h2>").text(&t.file_title).raw("</h2>");
        html.raw("<form id=\"file-form\" method=\"post\" enctype=\"multipart/form-data\" ");
        html.raw("action=\"/v/file?lang=").text(self.lang.tag()).raw("\"><label for=\"file\">");
        html.text(&t.file_label).raw("</label><p class=\"hint\" id=\"file-hint\">");
        html.text(&t.file_hint).raw("</p><div class=\"drop\" id=\"drop\"><p aria-hidden=\"true\">");
        html.text(&t.file_drop).raw("</p><input id=\"file\" name=\"file\" type=\"file\" required ");
        html.raw("accept=\"application/pdf,.pdf\" aria-describedby=\"file-hint\"></div>");
        html.raw("<p id=\"file-status\" role=\"status\" data-waiting=\"").text(&t.file_waiting);
        html.raw("\"></p><button>").text(&t.file_button).raw("</button></form></section>");
    }

    /// Where the page's script tells what the QR code's fragment proves.
    fn qr_status(&self, html: &mut Html, code: &str) {
        let t = self.text;
        html.raw("<p id=\"qr\" class=\"qr\" role=\"status\" hidden data-code=\"").text(code);
        html.raw("\" data-waiting=\"").text(&t.qr_waiting);
        html.raw("\" data-genuine=\"").text(&t.qr_genuine);
        html.raw("\" data-false=\"").text(&t.qr_false);
        html.raw("\" data-failed=\"").text(&t.qr_failed).raw("\"></p>");
    }

    fn facts(&self, html: &mut Html, facts: &Facts, kept: Option<&Kept>) {
        let t = self.text;
        html.raw("<section class=\"card facts\"><h2>").text(&t.facts_title).raw("</h2><dl>");
        let product = match self.lang {
            Lang::Vi => facts.product.vi(),
            Lang::En => facts.product.en(),
        };
        fact(html, &t.fact_product, product, false);
        fact(html, &t.fact_code, &facts.code, true);
        fact(html, &t.fact_number, &facts.number.to_string(), false);
        fact(html, &t.fact_book, &facts.book, false);
        fact(html, &t.fact_issued, &moment(facts.issued_at), false);
        fact(html, &t.fact_title, &facts.title, false);
        fact(html, &t.fact_authority, &facts.authority, false);
        fact(html, &t.fact_officer, &facts.officer, false);
        fact(html, &t.fact_capacity, &facts.capacity, false);
        fact(html, &t.fact_pages, &facts.pages.to_string(), false);
        html.raw("</dl>");
        if let Some(kept) = kept {
            html.raw("<h2>").text(&t.registered_title).raw("</h2><dl>");
            fact(html, &t.fact_received, &moment(kept.received_at), false);
            fact(html, &t.fact_index, &kept.log_index.to_string(), false);
            fact(html, &t.fact_sha256, &hex::encode(kept.sha256), true);
            let proof = match kept.proof.level.as_deref() {
                Some("B-T") => &t.proof_time,
                Some("B-LT") => &t.proof_long,
                Some("B-LTA") => &t.proof_archive,
                _ => &t.proof_basic,
            };
            fact(html, &t.fact_proof, proof, false);
            html.raw("</dl>");
        }
        html.raw("</section>");
    }
}

/// What is shown again of a text that is no code.
const TYPED_CHARS_SHOWN: usize = 64;

fn banner(html: &mut Html, tone: Tone, title: &str, text: &str) {
    html.raw(match tone {
        Tone::Good => "<div class=\"banner good\"><span class=\"sign\" aria-hidden=\"true\">✓",
        Tone::Wait => "<div class=\"banner wait\"><span class=\"sign\" aria-hidden=\"true\">?",
        Tone::Bad => "<div class=\"banner bad\"><span class=\"sign\" aria-hidden=\"true\">✕",
    });
    html.raw("</span><div><h1>").text(title).raw("</h1><p>").text(text).raw("</p></div></div>");
}

fn fact(html: &mut Html, name: &str, value: &str, letters: bool) {
    html.raw("<div><dt>").text(name).raw("</dt>");
    html.raw(if letters { "<dd class=\"letters\">" } else { "<dd>" });
    html.text(value).raw("</dd></div>");
}

/// `09:15, 22/11/2026`, Vietnam time, as every stored time is.
fn moment(at: OffsetDateTime) -> String {
    let form = format_description!("[hour]:[minute]:[second], [day]/[month]/[year]");
    at.format(&form).unwrap_or_default()
}
