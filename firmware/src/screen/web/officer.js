// The officer's page: original, text and findings side by side; one decision at the bottom.
// What the officer corrects lives in the form until it is sent; everything else is fetched anew at
// each change, and gone from this page as soon as the case is.
'use strict';

const LABELS = {
  vi: {
    heading: 'Hồ sơ chứng thực bản sao', language: 'Ngôn ngữ', case: 'Hồ sơ đang chờ',
    empty: 'Chưa có hồ sơ', pages: 'Bản chính', zoom: 'Cỡ hình', zoomIn: 'Phóng to',
    zoomOut: 'Thu nhỏ', facts: 'Nội dung đọc được và kết quả kiểm tra',
    kind: 'Loại giấy tờ', kindChoice: 'Đổi thành loại', kindSet: 'Đổi loại',
    kindRead: (name) => `Cán bộ đặt; máy đọc là: ${name}`, findings: 'Kết quả kiểm tra', record: 'Ghi vào sổ chứng thực',
    title: 'Tên bản chính (cột 4)', requester: 'Người yêu cầu (cột 3)',
    fields: 'Thông tin đọc được', lines: 'Chữ đọc được',
    linesHow: 'Chọn một dòng để xem chỗ đó trên hình (phím lên, xuống).',
    pin: 'Mã PIN', approve: 'Duyệt và ký', reason: 'Lý do từ chối',
    refuse: 'Từ chối', choose: 'Chọn…', decision: 'Quyết định',
    cause: 'Nguyên nhân', remedy: 'Cách xử lý',
    faceScores: (like, least, live, tries) => `Độ giống ${like} % (cần ${least} %), `
      + `người thật ${live} %, lần thử ${tries}.`,
    number: 'Số chứng thực', book: 'Quyển số', code: 'Mã xác thực', address: 'Kiểm tra tại',
    page: (n) => `Trang ${n}`, pageImage: (n) => `Hình trang ${n} của bản chính`,
    copies: (n) => `${n} bản sao`, sure: (p) => `độ chắc ${p} %`,
    unsure: (p) => `chưa chắc (${p} %), xin đối chiếu`,
    waiting: (time, minutes) => `Chờ từ ${time} (${minutes} phút)`,
    cardName: 'Tên trên thẻ', cardNumber: 'Số thẻ', born: 'Ngày sinh',
    noCard: 'Không có thẻ: hãy kiểm tra giấy tờ tùy thân rồi nhập tên.',
    named: 'Tên này có trong giấy tờ.', unnamed: 'Không thấy tên này trong giấy tờ.',
    nothing: 'Không có.', region: (n) => `Xem vùng trên trang ${n}`,
    checkedFor: 'Xét lý do từ chối',
    none: 'Máy không có nhận xét; xin tự xem bản chính.',
    levels: {
      stop: 'Phải dừng', warn: 'Cần chú ý', officer: 'Cán bộ tự xem', clear: 'Không thấy lỗi',
    },
    rest: {
      idle: 'Máy đang rảnh. Trang này tự cập nhật khi có hồ sơ.',
      serving: 'Có người đang làm thủ tục tại máy. Hồ sơ sẽ tự hiện ra ở đây.',
      over: 'Lượt vừa rồi đã xong. Trang này tự cập nhật khi có hồ sơ.',
    },
    issued: 'Đã chứng thực', refused: 'Đã từ chối',
    signing: 'Đang ký và đóng dấu. Xin giữ thiết bị chữ ký số tại chỗ.',
    needTitle: 'Xin nhập tên bản chính.', needRequester: 'Xin nhập tên người yêu cầu.',
    needKind: 'Xin chọn loại giấy tờ.', needOfficer: 'Xin chọn tên cán bộ.', needPin: 'Xin nhập mã PIN.',
    needReason: 'Xin chọn lý do từ chối.', noOfficer: 'Hôm nay không có ai được ủy quyền ký.',
    gone: 'Hồ sơ này không còn chờ quyết định.', invalid: 'Nội dung nhập chưa hợp lệ.',
    trouble: 'Máy gặp trục trặc.', product: 'Sản phẩm',
    clock: (time) => `Giờ của máy: ${time}. Tôi đã xem và xác nhận giờ này đúng.`,
    needClock: 'Xin xem giờ của máy và đánh dấu xác nhận nếu đúng.',
    offline: 'Mất kết nối với máy; đang thử lại. Nếu lâu, hãy mở lại trang này từ địa chỉ đã cấp.',
    ...APPOINTMENT_LABELS.vi, ...RESCAN_LABELS.vi, ...SIGN_IN_LABELS.vi,
    ...FEES_LABELS.vi,
  },
  en: {
    heading: 'Certified copy cases', language: 'Language', case: 'The waiting case',
    empty: 'No case waits', pages: 'Original', zoom: 'Picture size', zoomIn: 'Larger',
    zoomOut: 'Smaller', facts: 'What was read and checked',
    kind: 'Kind of paper', kindChoice: 'Change to', kindSet: 'Change the kind',
    kindRead: (name) => `Set by the officer; the machine read: ${name}`, findings: 'Checks', record: 'For the register',
    title: 'Name of the original (column 4)', requester: 'Requester (column 3)',
    fields: 'Fields read', lines: 'Text read',
    linesHow: 'Choose a line to see its place on the picture (arrow keys).',
    pin: 'PIN', approve: 'Approve and sign', reason: 'Reason of refusal',
    refuse: 'Refuse', choose: 'Choose…', decision: 'Decision', cause: 'Cause', remedy: 'Remedy',
    number: 'Certification number', book: 'Book', code: 'Verification code', address: 'Check at',
    page: (n) => `Page ${n}`, pageImage: (n) => `Picture of page ${n} of the original`,
    copies: (n) => (n === 1 ? '1 copy' : `${n} copies`), sure: (p) => `confidence ${p} %`,
    unsure: (p) => `unsure (${p} %), please compare`,
    waiting: (time, minutes) => `Waiting since ${time} (${minutes} min)`,
    cardName: 'Name on the card', cardNumber: 'Card number', born: 'Born',
    noCard: 'No card: check the person’s papers, then enter the name.',
    named: 'This name is in the paper.', unnamed: 'This name was not found in the paper.',
    nothing: 'None.', region: (n) => `Show on page ${n}`,
    checkedFor: 'Checked for',
    none: 'The kiosk has no remark; please look at the original yourself.',
    levels: {
      stop: 'Stop', warn: 'Attention', officer: 'Officer looks', clear: 'Nothing found',
    },
    rest: {
      idle: 'The kiosk is free. This page updates by itself.',
      serving: 'A person is using the kiosk. The case will appear here by itself.',
      over: 'The last visit is over. This page updates by itself.',
    },
    issued: 'Certified', refused: 'Refused',
    signing: 'Signing and sealing. Please leave the token in place.',
    needTitle: 'Please name the original.', needRequester: 'Please name the requester.',
    needKind: 'Please choose the kind of paper.', needOfficer: 'Please choose the officer.', needPin: 'Please enter the PIN.',
    needReason: 'Please choose a reason of refusal.',
    noOfficer: 'Nobody’s delegation is in force today.',
    gone: 'This case no longer waits for a decision.', invalid: 'What was entered is not valid.',
    trouble: 'The kiosk has a problem.', product: 'Product',
    clock: (time) => `The kiosk's time: ${time}. I looked at it and it is right.`,
    needClock: 'Please check the kiosk’s time and tick the box if it is right.',
    offline: 'Connection lost; trying again. If it lasts, open this page from its given address.',
    faceScores: (like, least, live, tries) => `Alike ${like} % (${least} % needed), `
      + `living person ${live} %, try ${tries}.`,
    ...APPOINTMENT_LABELS.en, ...RESCAN_LABELS.en, ...SIGN_IN_LABELS.en,
    ...FEES_LABELS.en,
  },
};

// Names of the fields that the reader can find, in both languages.
const FIELDS = {
  number: ['Số', 'Number'], date: ['Ngày', 'Date'], issuer: ['Nơi cấp', 'Issuer'],
  subject: ['Trích yếu', 'Subject'], signer: ['Người ký', 'Signer'],
  holder: ['Họ và tên', 'Name'], birth_date: ['Ngày sinh', 'Born'], sex: ['Giới tính', 'Sex'],
  ethnicity: ['Dân tộc', 'Ethnicity'], nationality: ['Quốc tịch', 'Nationality'],
  birth_place: ['Nơi sinh', 'Place of birth'], home_place: ['Quê quán', 'Home place'],
  personal_number: ['Số định danh', 'Personal number'], mother: ['Mẹ', 'Mother'],
  father: ['Cha', 'Father'], registry_place: ['Nơi đăng ký', 'Registered at'],
  registry_date: ['Ngày đăng ký', 'Registered on'], wife: ['Vợ', 'Wife'],
  husband: ['Chồng', 'Husband'], status: ['Tình trạng hôn nhân', 'Marital status'],
  death_place: ['Nơi chết', 'Place of death'], householder: ['Chủ hộ', 'Householder'],
  residence: ['Nơi thường trú', 'Residence'], school: ['Trường', 'School'],
  serial: ['Số hiệu', 'Serial number'], register_number: ['Số vào sổ', 'Register number'],
  field: ['Ngành', 'Field of study'], grade: ['Xếp loại', 'Grade'], year: ['Năm', 'Year'],
  student_number: ['Mã sinh viên', 'Student number'], plot: ['Thửa đất số', 'Plot'],
  map: ['Tờ bản đồ số', 'Map sheet'], area: ['Diện tích', 'Area'],
  owner: ['Chủ', 'Owner'], business: ['Hộ kinh doanh', 'Business'],
  business_number: ['Mã số doanh nghiệp', 'Business number'], capital: ['Vốn', 'Capital'],
  class: ['Hạng', 'Class'], plate: ['Biển số', 'Plate'], engine: ['Số máy', 'Engine number'],
  frame: ['Số khung', 'Frame number'], party_a: ['Bên A', 'Party A'], party_b: ['Bên B', 'Party B'],
  notary_number: ['Số công chứng', 'Notary number'],
};
// Below this the page says in words that a reading is unsure.
const CONFIDENCE_SURE = 0.8;
const POLL_MS = 4000;
const CLOCK_MS = 20000;
const ZOOM_MAX = 4;
const WORKING = ['correcting', 'authorising', 'certifying', 'deferring'];
const LEVELS = ['stop', 'warn', 'officer', 'clear'];
const SVG = 'http://www.w3.org/2000/svg';

const root = document.documentElement;
const at = (id) => document.getElementById(id);
const all = (selector) => Array.from(document.querySelectorAll(selector));
const asArray = (value) => (Array.isArray(value) ? value : []);
const label = (name) => LABELS[lang][name];
const show = (node, visible) => {
  node.hidden = !visible;
};

let view = null;
let lang = 'vi';
let zoom = 1;
let shownVisit = null;
let shownFacts = '';
let proposedTitle = '';
let sending = false;
let landing = false;
let offline = false;
let result = null;
let error = null;

function put(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function make(name, classes, text) {
  const node = document.createElement(name);
  if (classes) {
    node.className = classes;
  }
  if (text !== undefined) {
    node.textContent = text;
  }
  return node;
}

function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  Object.keys(attributes).forEach((key) => node.setAttribute(key, attributes[key]));
  return node;
}

function entry(list, name, value, confidence) {
  const row = make('div');
  const data = make('dd', '', value);
  data.append(' ', certainty(confidence));
  row.append(make('dt', '', name), data);
  list.append(row);
  return row;
}

// The comparison's figures in per cent, for who wants them beside the words.
function faceScores(scores) {
  if (!scores) {
    return '';
  }
  const percent = (thousandths) => Math.round(thousandths / 10);
  return label('faceScores')(
    percent(scores.score), percent(scores.threshold), percent(scores.liveness), scores.tries,
  );
}

// A sentence in the chosen language.
const sentence = (bearer) => (bearer && bearer[lang]) || '';

// How sure a reading is, in words and not by colour alone; nothing where no score is given.
function certainty(confidence) {
  if (typeof confidence !== 'number') {
    return '';
  }
  const unsure = confidence < CONFIDENCE_SURE;
  const words = label(unsure ? 'unsure' : 'sure')(Math.round(confidence * 100));
  return make('small', unsure ? 'unsure' : 'told', words);
}

function caseShown() {
  return ['deciding', ...WORKING].includes(view.state) && Boolean(view.visit);
}

function signing() {
  return sending || Boolean(view && WORKING.includes(view.state));
}

// ---- the pages and what is marked on them

function drawSheets() {
  const sheets = at('sheets');
  sheets.textContent = '';
  view.pages.forEach((page, index) => {
    const figure = make('figure');
    const sheet = make('div', 'sheet');
    const image = make('img');
    image.id = `page-${page.id}`;
    image.width = page.width;
    image.height = page.height;
    image.src = `/api/officer/pages/${page.id}.jpg?scan=${page.scan}`;
    image.alt = label('pageImage')(index + 1);
    const overlay = svg('svg', {
      id: `marks-${page.id}`, viewBox: `0 0 ${page.width} ${page.height}`, 'aria-hidden': 'true',
      focusable: 'false', preserveAspectRatio: 'none',
    });
    sheet.append(image, overlay);
    figure.append(make('figcaption', '', label('page')(index + 1)), sheet);
    sheets.append(figure);
  });
}

// Findings and fields name a page by its place among the pages, from 0, not by its id.
const overlayOf = (index) => (view.pages[index] ? at(`marks-${view.pages[index].id}`) : null);

const corners = (quad) => asArray(quad).map((point) => point.join(',')).join(' ');

function drawEvidence(findings) {
  all('#sheets .evidence').forEach((mark) => mark.remove());
  findings.forEach((finding, index) => {
    finding.evidence.forEach((place) => {
      const overlay = overlayOf(place.page);
      if (!overlay) {
        return;
      }
      const group = svg('g', { class: `evidence is-${finding.level}`, 'data-finding': index });
      group.append(svg('polygon', { points: corners(place.quad) }));
      const size = overlay.viewBox.baseVal.width / 45;
      const [x, y] = place.quad[0];
      const number = svg('text', { x, y: Math.max(size, y - size / 3), 'font-size': size });
      number.textContent = String(index + 1);
      group.append(number);
      overlay.append(group);
    });
  });
}

function reveal(mark) {
  const pane = at('sheets').getBoundingClientRect();
  const place = mark.getBoundingClientRect();
  if (place.top < pane.top || place.bottom > pane.bottom) {
    at('sheets').scrollTop += place.top - pane.top - pane.height / 3;
  }
  if (place.left < pane.left || place.right > pane.right) {
    at('sheets').scrollLeft += place.left - pane.left - 16;
  }
}

// One mark of a kind at a time: `chosen` stays, `near` follows the pointer.
function markQuad(kind, page, quad, scroll) {
  all(`#sheets .${kind}`).forEach((mark) => mark.remove());
  const overlay = overlayOf(page);
  if (!overlay || !quad) {
    return;
  }
  const mark = svg('polygon', { class: kind, points: corners(quad) });
  overlay.append(mark);
  if (scroll) {
    reveal(mark);
  }
}

const boxQuad = ([left, top, right, bottom]) =>
  [[left, top], [right, top], [right, bottom], [left, bottom]];

function setZoom(next) {
  zoom = Math.min(ZOOM_MAX, Math.max(1, next));
  at('sheets').dataset.zoom = String(zoom);
  at('zoom-out').disabled = zoom === 1;
  at('zoom-in').disabled = zoom === ZOOM_MAX;
  all('#sheets .chosen').forEach(reveal);
}

// ---- what was found

// The level's word, whatever its spelling: an unknown one is for the officer to look at.
function levelOf(finding) {
  const word = String(finding.level).toLowerCase();
  return LEVELS.find((level) => word.startsWith(level)) || 'officer';
}

// The code under which the law and the reasons of refusal know the rule.
function ruleOf(finding) {
  const word = String(finding.rule);
  return /^copy/i.test(word) ? 'COPY' : (/^r\d/i.exec(word) || [word])[0].toUpperCase();
}

function sortedFindings() {
  return asArray(view.findings)
    .map((finding) => ({
      level: levelOf(finding),
      rule: ruleOf(finding),
      words: findingWords(finding),
      evidence: asArray(finding.evidence).filter((place) => place && place.quad),
      confidence: finding.confidence,
    }))
    .sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

function findingWords(finding) {
  const reason = asArray(view.reasons).find((r) => r.code === ruleOf(finding));
  return { own: sentence(finding), law: sentence(reason) };
}

function drawFindings() {
  const list = at('findings');
  const findings = sortedFindings();
  list.textContent = '';
  findings.forEach((finding, index) => {
    const item = make('li', `finding is-${finding.level}`);
    const head = make('p');
    head.append(
      make('strong', 'level', label('levels')[finding.level]), ' ',
      make('span', 'law', finding.rule), ' ', finding.words.own,
    );
    const words = make('div');
    words.append(head);
    item.append(words);
    if (finding.words.law) {
      words.append(make('p', 'told', `${label('checkedFor')}: ${finding.words.law}`));
    }
    item.addEventListener('pointerenter', () => lightFinding(index, true));
    item.addEventListener('pointerleave', () => lightFinding(index, false));
    finding.evidence.forEach((place) => {
      const button = make('button', 'tool', label('region')(place.page + 1));
      button.type = 'button';
      button.addEventListener('click', () => markQuad('chosen', place.page, place.quad, true));
      item.append(button);
    });
    list.append(item);
  });
  if (findings.length === 0) {
    list.append(make('li', 'none', label('none')));
  }
  drawEvidence(findings);
}

function lightFinding(index, on) {
  all('#sheets .evidence').forEach((mark) => {
    mark.classList.toggle('lit', on && mark.dataset.finding === String(index));
  });
}

// ---- what was read

function drawKind() {
  const kind = at('kind');
  kind.textContent = '';
  const set = view.kind_set;
  if (set) {
    kind.append(make('strong', '', set[lang]), ' ');
  } else if (view.kind) {
    kind.append(make('strong', '', view.kind[lang]), ' ', certainty(view.kind.score), ' ');
  }
  show(at('kind-read'), Boolean(set && view.kind));
  put(at('kind-read'), set && view.kind ? label('kindRead')(view.kind[lang]) : '');
  const now = set || view.kind;
  const kinds = asArray(view.kinds).map((each) => [each.id, each[lang]]);
  options(at('kind-choice'), kinds, now ? now.id : '');
  kind.append(make('span', 'amount', label('copies')(view.copies)));
}

function drawRequester() {
  const card = at('card');
  const requester = view.requester;
  card.textContent = '';
  at('warnings').textContent = '';
  put(at('chip'), view.chip ? sentence(view.chip) : '');
  put(at('face'), [view.face ? sentence(view.face) : '', faceScores(view.face_scores)].join(' '));
  at('named').classList.toggle('unsure', !requester || !requester.named_in_paper);
  if (!requester) {
    put(at('named'), label('noCard'));
    return;
  }
  put(at('named'), label(requester.named_in_paper ? 'named' : 'unnamed'));
  entry(card, label('cardName'), requester.name);
  entry(card, label('cardNumber'), requester.number);
  entry(card, label('born'), day(requester.born));
  asArray(requester.warnings).forEach((warning) => {
    at('warnings').append(make('li', '', sentence(warning)));
  });
}

function drawFields() {
  const list = at('fields');
  list.textContent = '';
  asArray(view.fields).forEach((field) => {
    const names = FIELDS[field.id] || [field.id, field.id];
    const row = entry(list, names[lang === 'vi' ? 0 : 1], field.value, field.confidence);
    row.addEventListener('pointerenter', () => markQuad('near', field.page, field.quad, true));
    row.addEventListener('pointerleave', () => markQuad('near', field.page, null, false));
  });
  if (!list.firstChild) {
    entry(list, '', label('nothing'));
  }
}

// A list of one tab stop per page; the arrow keys walk in it.
function drawLines() {
  const lines = at('lines');
  lines.textContent = '';
  view.pages.forEach((page, order) => {
    const box = make('div', 'lines');
    box.tabIndex = 0;
    box.setAttribute('role', 'listbox');
    box.setAttribute('aria-label', label('page')(order + 1));
    page.lines.forEach((line, index) => {
      const row = make('div', 'line', line.text);
      row.id = `line-${page.id}-${index}`;
      row.setAttribute('role', 'option');
      row.setAttribute('aria-selected', 'false');
      if (line.confidence < CONFIDENCE_SURE) {
        row.append(' ', certainty(line.confidence));
      }
      const quad = boxQuad(line.box);
      row.addEventListener('pointerenter', () => markQuad('near', order, quad, false));
      row.addEventListener('pointerleave', () => markQuad('near', order, null, false));
      row.addEventListener('click', () => chooseLine(box, order, index));
      box.append(row);
    });
    box.addEventListener('keydown', (event) => walkLines(event, box, order));
    const name = make('h3', '', label('page')(order + 1));
    name.append(' ', certainty(page.confidence));
    lines.append(name, box);
  });
}

function chooseLine(box, order, index) {
  all('#lines [aria-selected="true"]').forEach((row) => row.setAttribute('aria-selected', 'false'));
  const row = box.children[index];
  row.setAttribute('aria-selected', 'true');
  row.scrollIntoView({ block: 'nearest' });
  box.setAttribute('aria-activedescendant', row.id);
  markQuad('chosen', order, boxQuad(view.pages[order].lines[index].box), true);
}

function walkLines(event, box, order) {
  const last = box.children.length - 1;
  const here = Array.from(box.children).findIndex(
    (row) => row.getAttribute('aria-selected') === 'true',
  );
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: last }[event.key];
  if (next !== undefined && last >= 0) {
    event.preventDefault();
    chooseLine(box, order, Math.min(last, Math.max(0, next)));
  }
}

// ---- time

function day(iso) {
  const parts = String(iso).split('-');
  return parts.length === 3 ? parts.reverse().join('/') : String(iso);
}

function drawClock() {
  const where = at('where');
  if (!view || !caseShown()) {
    put(where, '');
    return;
  }
  const since = new Date(view.since);
  const time = since.toLocaleTimeString('vi-VN', {
    hour: '2-digit', minute: '2-digit', hour12: false, timeZone: 'Asia/Ho_Chi_Minh',
  });
  const minutes = Math.max(0, Math.floor((Date.now() - since.getTime()) / 60000));
  put(where, label('waiting')(time, minutes));
}

// A clock in doubt is confirmed by whoever signs with it.
function drawDoubt() {
  const doubtful = caseShown() && Boolean(view.clock && view.clock.doubtful);
  show(at('clock'), doubtful);
  if (!doubtful) {
    at('clock-right').checked = false;
    return;
  }
  const now = new Date(view.clock.now).toLocaleString('vi-VN', {
    hour: '2-digit', minute: '2-digit', day: '2-digit', month: '2-digit', year: 'numeric',
    hour12: false, timeZone: 'Asia/Ho_Chi_Minh',
  });
  put(at('clock-words'), label('clock')(now));
}

// ---- the whole

function drawLabels() {
  root.lang = lang;
  all('[data-label]').forEach((node) => put(node, label(node.dataset.label)));
  all('[data-label-aria]').forEach((node) => {
    node.setAttribute('aria-label', label(node.dataset.labelAria));
  });
  at('lang-vi').setAttribute('aria-pressed', String(lang === 'vi'));
  at('lang-en').setAttribute('aria-pressed', String(lang === 'en'));
}

function options(select, items, keep) {
  select.textContent = '';
  select.append(new Option(label('choose'), ''));
  items.forEach(([value, text]) => select.append(new Option(text, value)));
  select.value = items.some(([value]) => value === keep) ? keep : '';
}

function drawChoices(fresh) {
  const reasons = asArray(view.reasons).map((r) => [r.code, `${r.code}: ${r[lang]} (${r.ground[lang]})`]);
  options(at('reason'), reasons, fresh ? '' : at('reason').value);
  if (who() && decides() && !who().in_force) {
    error = 'noOfficer';
  }
}

// The facts are redrawn only when they differ, so that the officer's place in them is kept.
function drawCase() {
  const facts = JSON.stringify([
    view.visit, lang, view.kind, view.kind_set, view.title, view.fields, view.findings, view.pages, view.requester,
    view.chip, view.face, view.face_scores, who(), view.deferrals, view.rescans,
    view.product,
  ]);
  if (facts === shownFacts) {
    return;
  }
  shownFacts = facts;
  const fresh = shownVisit !== view.visit;
  if (fresh) {
    shownVisit = view.visit;
    error = null;
    result = null;
    at('title').value = view.title;
    proposedTitle = view.title;
    at('requester').value = view.requester ? view.requester.name : '';
    at('pin').value = '';
    setZoom(1);
  }
  // Another kind proposes another name, but never over the officer's own words.
  if (at('title').value === proposedTitle) {
    at('title').value = view.title;
  }
  proposedTitle = view.title;
  drawSheets();
  put(at('product'), sentence(view.product));
  drawKind();
  drawFindings();
  drawRequester();
  drawFields();
  drawLines();
  drawChoices(fresh);
  drawDeferrals(fresh);
  drawRescans(fresh);
  if (fresh) {
    at('sheets').scrollTop = 0;
    at('facts').scrollTop = 0;
    at('heading').focus();
  }
}

// Nothing of a case stays in the page once it is no longer here.
function forgetCase() {
  if (shownVisit === null) {
    return;
  }
  shownVisit = null;
  shownFacts = '';
  error = null;
  ['sheets', 'findings', 'fields', 'lines', 'card', 'warnings', 'kind', 'named', 'chip', 'face'].forEach(
    (id) => put(at(id), ''),
  );
  ['title', 'requester', 'pin', 'reason', 'defer-how', 'defer-day', 'rescan-why'].forEach((id) => {
    at(id).value = '';
  });
}

// Enter in the PIN field may approve only where approving is the plain next step.
function approveIsDefault() {
  return at('reason').value === '' && !sortedFindings().some((f) => f.level === 'stop');
}

function drawDecision() {
  const shown = caseShown();
  const busy = shown && signing();
  show(at('decision'), shown && decides());
  show(at('pin-ask'), asksPin());
  at('decision').setAttribute('aria-busy', String(busy));
  all('#decision button, #decision select, #defer-day, #kind-choice, #kind-set').forEach((node) => {
    node.disabled = busy || offline;
  });
  ['pin', 'title', 'requester'].forEach((id) => {
    at(id).readOnly = busy;
  });
  put(at('signing'), busy ? label('signing') : '');
  const words = typeof error === 'string' ? label(error) : sentence(error);
  show(at('error'), shown && Boolean(words) && !busy);
  put(at('error'), busy ? '' : words);
  at('approve').classList.toggle('default', shown && approveIsDefault());
}

function drawResult() {
  const done = view.appointment ? null : result || (view.issued ? { issued: view.issued } : null);
  show(at('result'), Boolean(done) && !caseShown());
  if (!done) {
    return;
  }
  const copy = done.issued;
  put(at('result-name'), label(copy ? 'issued' : 'refused'));
  at('result').classList.toggle('refused', !copy);
  put(at('result-words'), copy ? '' : reasonWords(done.refused));
  show(at('result-copy'), Boolean(copy));
  ['number', 'book', 'code', 'verify_url'].forEach((key) => {
    put(at(key.replace('_', '-')), copy ? String(copy[key]) : '');
  });
}

function reasonWords(code) {
  const reason = asArray(view.reasons).find((r) => r.code === code);
  return reason ? `${reason.code}: ${reason[lang]}` : code;
}

function drawTrouble() {
  const trouble = view.trouble;
  show(at('trouble'), Boolean(trouble));
  // The sentence may come as its id only; the words then stand in the answer to the decision.
  const said = trouble && typeof trouble.say === 'object' ? sentence(trouble.say) : '';
  put(at('trouble-say'), trouble ? said || label('trouble') : '');
  put(at('trouble-cause'), trouble ? trouble.cause : '');
  put(at('trouble-remedy'), trouble ? trouble.remedy : '');
}

function drawKeys() {
  const words = asArray(view ? view.keys : me && me.keys).map(sentence);
  const list = at('keys');
  show(list, words.length > 0);
  if (list.dataset.shown !== words.join()) {
    list.dataset.shown = words.join();
    list.textContent = '';
    words.forEach((each) => list.append(make('li', '', each)));
  }
}

function drawRest() {
  const shown = caseShown();
  show(at('empty'), !shown);
  show(at('case'), shown);
  const over = ['issued', 'refused', 'failed', 'deferred'].includes(view.state);
  const rest = view.state === 'idle' ? 'idle' : over ? 'over' : 'serving';
  put(at('empty-words'), label('rest')[rest]);
  document.title = shown ? `(1) ${label('heading')}` : label('heading');
}

// Nobody is signed in here who sees cases: nothing of one is on the page.
function drawNothing() {
  forgetCase();
  ['case', 'decision', 'empty', 'slip', 'rescan-open', 'trouble'].forEach((id) => show(at(id), false));
  show(at('result'), Boolean(result && result.issued) && !who());
  drawFees();
  drawKeys();
  put(at('where'), '');
  document.title = me && me.waiting ? `(1) ${label('heading')}` : label('heading');
}

function draw() {
  drawLabels();
  show(at('offline'), offline);
  put(at('offline'), offline ? label('offline') : '');
  drawSignIn();
  if (!view) {
    drawNothing();
    return;
  }
  root.dataset.state = view.state;
  drawRest();
  if (caseShown()) {
    drawCase();
  } else {
    forgetCase();
  }
  drawDecision();
  drawDoubt();
  drawResult();
  drawAppointment();
  drawRescan();
  drawTrouble();
  drawFees();
  drawKeys();
  drawClock();
  land();
}

// ---- talking with the kiosk

let fetching = false;
let again = false;

// One fetch at a time; a change that comes meanwhile is fetched right after.
async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  do {
    again = false;
    try {
      await fetchMe();
      view = seesCases() ? await fetchCase() : null;
      await fetchFees();
      offline = false;
    } catch (_) {
      offline = true;
    }
    draw();
  } while (again);
  fetching = false;
}

// None where the sign-in ended just now.
async function fetchCase() {
  const answer = await fetch('/api/officer/case', { cache: 'no-store' });
  if (answer.status === 401) {
    await fetchMe();
    return null;
  }
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  return answer.json();
}

function listen() {
  const events = new EventSource('/api/officer/events');
  events.onmessage = refresh;
  events.onopen = refresh;
  window.setInterval(() => {
    if (events.readyState !== EventSource.OPEN) {
      refresh();
    }
  }, POLL_MS);
  window.setInterval(() => {
    drawClock();
    if (who()) {
      refresh();
    }
  }, CLOCK_MS);
}

async function setKind() {
  const kind = at('kind-choice').value;
  if (signing() || offline) {
    return;
  }
  if (kind === '') {
    complain('needKind', 'kind-choice');
    return;
  }
  error = null;
  try {
    const answer = await post('/api/officer/kind', { visit: view.visit, kind });
    error = answer.ok ? null : { 409: 'gone' }[answer.status] || 'trouble';
  } catch (_) {
    error = 'trouble';
  }
  await refresh();
  at('kind-choice').focus();
}

// What must be there before anything is sent: the first thing that is missing, by element id.
function missing(verdict) {
  const needed = verdict === 'approve' ? ['title', 'requester'] : [];
  const names = {
    title: 'needTitle', requester: 'needRequester', reason: 'needReason',
    pin: 'needPin',
  };
  const ids = needed.concat(verdict === '' ? ['reason'] : [], asksPin() ? ['pin'] : []);
  const id = ids.find((each) => at(each).value.trim() === '');
  ids.forEach((each) => at(each).setAttribute('aria-invalid', String(each === id)));
  if (!id && !at('clock').hidden && !at('clock-right').checked) {
    return { id: 'clock-right', words: 'needClock' };
  }
  return id ? { id, words: names[id] } : null;
}

function complain(words, id) {
  error = words;
  draw();
  at(id).focus();
}

async function decide(verdict) {
  if (signing() || offline || !decides()) {
    return;
  }
  const gap = missing(verdict);
  if (gap) {
    complain(gap.words, gap.id);
    return;
  }
  const pin = at('pin').value;
  const confirms = !at('clock').hidden && at('clock-right').checked;
  await send('/api/officer/decide', { pin, verdict, confirms_clock: confirms }, verdict);
}

// Sends what was decided on the case that is shown; the page then waits for its outcome.
async function send(path, decided, verdict) {
  const body = JSON.stringify({
    visit: view.visit,
    officer: who().id,
    title: at('title').value.trim(),
    requester: at('requester').value.trim(),
    ...decided,
  });
  at('pin').value = '';
  error = null;
  sending = true;
  draw();
  try {
    const answer = await fetch(path, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body,
    });
    await settle(answer, verdict);
  } catch (_) {
    error = 'trouble';
  }
  sending = false;
  landing = true;
  await refresh();
  if (!view) {
    landing = false;
  }
}

// After a decision the keyboard stands on its result, or back in the PIN field.
function land() {
  if (landing && view && !signing()) {
    landing = false;
    at(caseShown() ? (asksPin() ? 'pin' : 'approve') : view.appointment ? 'slip' : 'result').focus();
  }
}

async function settle(answer, verdict) {
  const told = await answer.json().catch(() => null);
  if (answer.ok && told) {
    result = told.issued ? { issued: told.issued } : told.refused ? { refused: verdict } : null;
  } else if (told && told.say) {
    error = told.say;
  } else {
    error = { 409: 'gone', 422: 'invalid' }[answer.status] || 'trouble';
  }
}

// ---- hands

const setLang = (next) => {
  lang = next;
  draw();
};

function onKey(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey || !view || !caseShown()) {
    return;
  }
  if (event.code === 'KeyA') {
    event.preventDefault();
    decide('approve');
  } else if (event.code === 'KeyR') {
    event.preventDefault();
    decide(at('reason').value);
  }
}

function watchHands() {
  at('decision').addEventListener('submit', (event) => {
    event.preventDefault();
    decide('approve');
  });
  at('pin').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.repeat || !approveIsDefault())) {
      event.preventDefault();
      if (!event.repeat) {
        at(at('reason').value ? 'refuse' : 'approve').focus();
      }
    }
  });
  // Enter in a field above the form is a correction, not a decision.
  ['title', 'requester'].forEach((id) => {
    at(id).addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
      }
    });
  });
  at('kind-set').addEventListener('click', setKind);
  at('reason').addEventListener('change', drawDecision);
  at('refuse').addEventListener('click', () => decide(at('reason').value));
  at('lang-vi').addEventListener('click', () => setLang('vi'));
  at('lang-en').addEventListener('click', () => setLang('en'));
  at('zoom-in').addEventListener('click', () => setZoom(zoom + 1));
  at('zoom-out').addEventListener('click', () => setZoom(zoom - 1));
  document.addEventListener('keydown', onKey);
}

drawLabels();
watchHands();
watchAppointment();
watchRescan();
watchSignIn();
watchFees();
listen();
refresh();
