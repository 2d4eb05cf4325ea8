// The citizen's page: shows the kiosk's view of the visit and sends wishes back. It keeps nothing:
// each change is announced by an event, then the view is fetched anew.
'use strict';

const LABELS = {
  vi: {
    service: 'Bản sao chứng thực điện tử', place: 'Thành phố Hà Nội',
    settings: 'Ngôn ngữ và cỡ chữ', larger: 'Chữ to', normal: 'Chữ thường',
    voice: 'Nghe', silent: 'Tắt tiếng',
    way: 'Các bước', step1: 'Quét giấy tờ', step2: 'Thẻ căn cước', step3: 'Cán bộ xem',
    step4: 'Nhận bản sao', doneStep: 'đã xong', working: 'Máy đang làm việc',
    waiting: 'Đang chờ cán bộ',
    usual: (minutes) => `Đang chờ cán bộ. Thường mất khoảng ${minutes} phút.`,
    longer: 'Hôm nay lâu hơn thường lệ. Ông/bà có thể hỏi cán bộ tại quầy; hồ sơ vẫn được giữ.',
    sheets: 'Các trang đã quét', sheet: (n) => `Trang ${n} đã quét`, sheetWaits: (n) => `Đang đọc trang ${n}`,
    readAs: (kind) => `Máy đọc là: ${kind}. Cán bộ sẽ xem lại.`,
    copies: 'Số bản sao', fewer: 'Bớt một bản', more: 'Thêm một bản',
    start: 'Bắt đầu', before: 'Trước khi bắt đầu', agree: 'Đồng ý, bắt đầu',
    'have-it': 'Tôi đã có trên VNeID', back: 'Quay lại',
    bring: 'Trước khi bắt đầu, xin ông/bà xem giúp:',
    bringPaper: 'Bản chính còn đủ trang, rõ chữ, không tẩy xóa.',
    bringCard: 'Thẻ căn cước, nếu ông/bà mang theo.',
    askFirst: 'Giấy tờ đã có trên VNeID thì nhiều nơi không cần bản sao nữa.',
    whatIsKept: 'Máy chụp giấy tờ và thẻ cho cán bộ xem rồi xóa. Chỉ bản sao đã ký và sổ chứng thực '
      + 'được lưu theo luật.',
    haveItWords: 'Nơi nhận có thể xem giấy tờ trên VNeID của ông/bà. Xin hỏi họ trước: nếu họ nhận thì '
      + 'không cần làm bản sao.',
    scan: 'Quét trang', 'drop-page': 'Bỏ trang vừa quét', 'pages-done': 'Đã đủ trang', card: 'Quét thẻ',
    'card-skip': 'Tiếp tục không có thẻ', face: 'Đồng ý, so khuôn mặt',
    'face-slowly': 'Đồng ý, làm chậm hơn', 'face-skip': 'Để cán bộ đối chiếu',
    mirror: 'Hình của ông/bà trước máy ảnh', progress: 'Các động tác đã làm',
    pay: 'Chuyển khoản phí', 'pay-back': 'Xem lại bản sao', payPanel: 'Chuyển khoản phí',
    payQr: 'Mã QR để chuyển khoản phí', payAccount: 'Tài khoản nhận', payPurpose: 'Nội dung chuyển',
    payAsk: 'Xin mở ứng dụng ngân hàng và quét mã này.',
    payTold: 'Chuyển xong, xin đưa màn hình điện thoại cho cán bộ xem. Ông/bà cũng có thể nộp tiền mặt '
      + 'cho cán bộ.',
    feeDue: 'nộp cho cán bộ', feeTaken: 'đã thu',
    feedback: 'Ông/bà thấy phục vụ thế nào?', complaint: 'Xin cho biết điều gì chưa được:',
    good: 'Hài lòng', fair: 'Bình thường', poor: 'Chưa hài lòng', tooLong: 'Chờ lâu',
    tooHard: 'Khó hiểu, khó dùng', manner: 'Thái độ phục vụ', broken: 'Máy trục trặc', other: 'Điều khác',
    'print-again': 'In lại', stop: 'Dừng lại', done: 'Xong',
    sure: 'Dừng lại? Hình ảnh các trang đã quét sẽ bị xóa.', goOn: 'Không, làm tiếp',
    endSure: 'Dừng lại và xóa',
    copy: 'Bản sao đã cấp', qr: 'Mã QR để lưu và kiểm tra bản sao', code: 'Mã xác thực',
    number: 'Số chứng thực', book: 'Quyển số', address: 'Kiểm tra tại', fee: 'Phí',
    closes: 'Màn hình này tự đóng sau ít phút.',
    offline: 'Máy đang kết nối lại. Xin chờ; nếu lâu, xin gọi cán bộ.',
    count: (pages) => `Đã quét: ${pages} trang`, reason: 'Lý do', due: 'Trả trước',
  },
  en: {
    service: 'Electronic certified copies', place: 'City of Hanoi',
    settings: 'Language and text size', larger: 'Larger text', normal: 'Normal text',
    voice: 'Listen', silent: 'Sound off',
    way: 'Steps', step1: 'Scan paper', step2: 'ID card', step3: 'Officer looks',
    step4: 'Take the copy', doneStep: 'done', working: 'The kiosk is working',
    waiting: 'Waiting for the officer',
    usual: (minutes) => `Waiting for the officer. It usually takes about ${minutes} min.`,
    longer: 'Today it takes longer than usual. You may ask the officer at the desk; your case is kept.',
    sheets: 'Pages scanned', sheet: (n) => `Page ${n} as scanned`, sheetWaits: (n) => `Reading page ${n}`,
    readAs: (kind) => `Read as: ${kind}. The officer will look at it.`,
    copies: 'Copies', fewer: 'One copy fewer', more: 'One copy more',
    start: 'Start', before: 'Before you start', agree: 'I agree, start',
    'have-it': 'I have it in VNeID', back: 'Back',
    bring: 'Before you start, please check:',
    bringPaper: 'The original has all its pages, is readable and not altered.',
    bringCard: 'Your ID card, if you have it with you.',
    askFirst: 'For papers that are in VNeID, many offices need no copy any more.',
    whatIsKept: 'The kiosk takes pictures of paper and card for the officer to see, then deletes them. Only '
      + 'the signed copy and the register are kept, as the law says.',
    haveItWords: 'The office that wants the paper may look at it in your VNeID. Please ask them first: if '
      + 'they accept it, you need no copy.',
    scan: 'Scan page', 'drop-page': 'Take the last page back', 'pages-done': 'All pages done', card: 'Scan card',
    'card-skip': 'Continue without card', face: 'Yes, compare my face',
    'face-slowly': 'Yes, more slowly', 'face-skip': 'Let the officer compare',
    mirror: 'You before the camera', progress: 'Movements done',
    pay: 'Transfer the fee', 'pay-back': 'Back to the copy', payPanel: 'Transfer of the fee',
    payQr: 'QR code to transfer the fee', payAccount: 'To the account', payPurpose: 'Message',
    payAsk: 'Please open your banking app and scan this code.',
    payTold: 'Then show your phone to the officer. You can also pay the officer in cash.',
    feeDue: 'please pay the officer', feeTaken: 'paid',
    feedback: 'How was the service?', complaint: 'Please tell us what was not well:',
    good: 'Good', fair: 'Fair', poor: 'Not good', tooLong: 'It took long',
    tooHard: 'Hard to understand or use', manner: 'How I was treated', broken: 'The machine failed',
    other: 'Something else',
    'print-again': 'Print again', stop: 'Stop', done: 'Finish',
    sure: 'Stop? The pictures of the pages scanned will be deleted.', goOn: 'No, go on',
    endSure: 'Stop and delete',
    copy: 'The copy issued', qr: 'QR code to keep and check the copy', code: 'Verification code',
    number: 'Certification number', book: 'Book', address: 'Check at', fee: 'Fee',
    closes: 'This screen closes by itself in a few minutes.',
    offline: 'The kiosk is reconnecting. Please wait; if it takes long, call an officer.',
    count: (pages) => `Pages scanned: ${pages}`, reason: 'Reason', due: 'Due',
  },
};

// What someone reads before a visit begins.
const BEFORE = ['agree', 'have-it', 'back'];

// Buttons of each state; the first gets the focus. `end` says "Stop" or, after a result, "Finish".
const BUTTONS = {
  idle: ['start'],
  collecting: ['scan', 'pages-done', 'drop-page', 'end'],
  scanning: ['end'],
  reading: ['end'],
  checking: ['end'],
  awaiting_card: ['card', 'card-skip', 'end'],
  identifying: ['face-skip', 'end'],
  awaiting_face: ['face', 'face-slowly', 'face-skip', 'end'],
  deciding: ['end'],
  correcting: ['end'],
  awaiting_rescan: ['scan', 'end'],
  authorising: [],
  certifying: [],
  deferring: [],
  deferred: [],
  issued: ['pay', 'pay-back', 'print-again', 'end'],
  refused: ['end'],
  failed: ['end'],
};
const STEPS = {
  collecting: 1, scanning: 1, reading: 1, checking: 1, awaiting_card: 2, identifying: 2,
  awaiting_face: 2, awaiting_rescan: 1,
  deciding: 3, correcting: 3, authorising: 3, certifying: 3, deferring: 3, deferred: 3, issued: 4,
};
const OVER = ['issued', 'refused', 'failed', 'deferred'];
// The keys of a keypad.
const KEYS = ['Tab', 'Enter', ' ', 'Escape', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'];
const REFUSED = [
  'contextmenu', 'dragstart', 'dragover', 'drop', 'auxclick', 'copy', 'cut', 'paste', 'selectstart',
  'beforeinput', 'gesturestart',
];
const COPIES_MAX = 50;
// The last pages; more would push the buttons off the screen.
const SHEETS_SHOWN = 4;
// Longer than this is long, even where nothing is known of what is usual.
const WAIT_LONG_S = 600;
const WAIT_LOOK_MS = 15000;
const IDLE_RESET_MS = 60000;
const POLL_MS = 4000;

const root = document.documentElement;
const at = (id) => document.getElementById(id);
const all = (selector) => Array.from(document.querySelectorAll(selector));

let view = null;
let lang = 'vi';
let size = 1;
let copies = 1;
let sending = false;
let offline = false;
// Whether what to know before a visit is shown, and what to do with a paper that is in VNeID.
let reading = false;
let haveIt = false;
// Whether the code for the transfer of the fee stands in the place of the copy's.
let paying = false;
// Whether the person is not content, and may say why.
let complaining = false;
// When the view came.
let viewAt = 0;
let voice = false;
let spoken = [];
let toSpeak = [];
let speaking = null;
let placing = false;
const player = new window.Audio();

function label(name) {
  return LABELS[lang][name];
}

function put(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function show(node, visible) {
  node.hidden = !visible;
}

// ---- drawing

function drawLabels() {
  root.lang = lang;
  document.title = label('service');
  all('[data-label]').forEach((node) => put(node, label(node.dataset.label)));
  all('[data-label-aria]').forEach((node) => {
    node.setAttribute('aria-label', label(node.dataset.labelAria));
  });
  at('lang-vi').setAttribute('aria-pressed', String(lang === 'vi'));
  at('lang-en').setAttribute('aria-pressed', String(lang === 'en'));
  put(at('larger'), size === 3 ? label('normal') : label('larger'));
  at('voice').setAttribute('aria-pressed', String(voice));
  put(at('voice'), label(voice ? 'silent' : 'voice'));
  show(at('voice'), Boolean(view && view.speaks));
  root.dataset.size = String(size);
}

function drawPicture(state) {
  all('.picture svg').forEach((picture) => {
    const shown = picture.dataset.for.split(' ').includes(state);
    picture.classList.toggle('shown', shown);
  });
}

function drawSteps(state) {
  const now = STEPS[state] || 0;
  show(at('steps'), now > 0);
  all('[data-step]').forEach((item) => {
    const step = Number(item.dataset.step);
    const done = step < now || state === 'issued';
    item.classList.toggle('done', done);
    if (step === now) {
      item.setAttribute('aria-current', 'step');
    } else {
      item.removeAttribute('aria-current');
    }
    const name = label(`step${step}`);
    item.setAttribute('aria-label', done ? `${name}: ${label('doneStep')}` : name);
  });
}

// What is paid, and why less than the full fee is.
function feeWords(issued) {
  const standing = { due: label('feeDue'), taken: label('feeTaken') }[issued.payment];
  const more = [issued.fee_waived, standing].filter(Boolean).join('; ');
  const fee = `${issued.fee_vnd.toLocaleString('vi-VN')} đồng`;
  return more ? `${fee} (${more})` : fee;
}

// One code at a time: who pays does not scan the copy's by mistake.
function drawPay(transfer, issued) {
  const qr = at('pay-qr');
  show(at('pay-panel'), Boolean(transfer));
  if (!transfer) {
    qr.removeAttribute('src');
    ['pay-amount', 'pay-account', 'pay-purpose'].forEach((id) => put(at(id), ''));
    return;
  }
  const source = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(transfer.qr_svg)}`;
  if (qr.src !== source) {
    qr.src = source;
  }
  qr.alt = label('payQr');
  put(at('pay-amount'), `${issued.fee_vnd.toLocaleString('vi-VN')} đồng`);
  put(at('pay-account'), [transfer.account, transfer.name].filter(Boolean).join(', '));
  put(at('pay-purpose'), transfer.purpose);
}

function drawIssued(issued) {
  const transfer = paying && issued ? issued.transfer : null;
  drawPay(transfer, issued);
  show(at('issued'), Boolean(issued) && !transfer);
  const qr = at('qr');
  if (!issued) {
    qr.removeAttribute('src');
    ['code', 'number', 'book', 'fee', 'verify-url'].forEach((id) => put(at(id), ''));
    return;
  }
  // As an image, never as markup: whatever the drawing holds cannot act in this page.
  const source = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(issued.qr_svg)}`;
  if (qr.src !== source) {
    qr.src = source;
  }
  qr.alt = label('qr');
  put(at('code'), issued.code);
  put(at('number'), String(issued.number));
  put(at('book'), issued.book);
  put(at('fee'), feeWords(issued));
  put(at('verify-url'), issued.verify_url);
}

// The person as in a mirror, while the camera is on.
function drawMirror(guide) {
  const picture = at('face-picture');
  show(at('mirror'), Boolean(guide));
  all('.picture').forEach((drawing) => show(drawing, !guide));
  if (!guide) {
    picture.removeAttribute('src');
    return;
  }
  if (!picture.hasAttribute('src')) {
    picture.src = '/api/face.mjpeg';
  }
  picture.alt = label('mirror');
  const progress = at('face-progress');
  progress.max = guide.steps;
  progress.value = guide.done;
  progress.setAttribute('aria-label', label('progress'));
}

// The last pages as they were scanned, each where it was before, so that nothing flickers.
function drawSheets(sheets) {
  const list = at('sheets');
  const shown = sheets.slice(-SHEETS_SHOWN);
  show(list, shown.length > 0);
  root.dataset.sheets = String(shown.length > 0);
  const facts = JSON.stringify([lang, sheets]);
  if (list.dataset.facts === facts) {
    return;
  }
  list.dataset.facts = facts;
  list.textContent = '';
  shown.forEach((sheet, index) => {
    const number = sheets.length - shown.length + index + 1;
    const item = document.createElement('li');
    if (sheet.read) {
      const picture = document.createElement('img');
      picture.src = `/api/visit/pages/${sheet.id}.jpg`;
      picture.alt = label('sheet')(number);
      item.append(picture);
    } else {
      item.className = 'waits';
      item.textContent = label('sheetWaits')(number);
    }
    list.append(item);
  });
}

// How long it takes by what is known, in words that stay true while the person waits.
function waitWords() {
  if (!view.wait) {
    return label(view.busy ? 'working' : 'waiting');
  }
  const waited = view.wait.seconds + (Date.now() - viewAt) / 1000;
  const usual = view.wait.usual_minutes;
  if (waited > (usual ? usual * 120 : WAIT_LONG_S)) {
    return label('longer');
  }
  return usual ? label('usual')(usual) : label('waiting');
}

function drawFeedback() {
  const asked = view.asks_feedback && !paying;
  show(at('feedback'), asked);
  put(at('feedback-ask'), label(complaining ? 'complaint' : 'feedback'));
  show(at('ratings'), !complaining);
  show(at('complaints'), complaining);
  all('#feedback button').forEach((button) => {
    button.disabled = sending || offline;
  });
}

function dueWords(appointment) {
  if (!appointment) {
    return '';
  }
  const due = new Date(appointment.due).toLocaleString('vi-VN', {
    hour: '2-digit', minute: '2-digit', day: '2-digit', month: '2-digit', year: 'numeric',
    hour12: false, timeZone: 'Asia/Ho_Chi_Minh',
  });
  return `${label('due')}: ${due}.`;
}

function drawButtons() {
  const state = view.state;
  const wanted = reading ? BEFORE : BUTTONS[state] || [];
  const prints = view.issued ? view.issued.prints : 'none';
  const transfer = view.issued ? view.issued.transfer : null;
  all('#buttons button').forEach((button) => {
    const id = button.id;
    const pointless = (id === 'pages-done' && view.pages === 0)
      || (id === 'face-skip' && state === 'identifying' && !view.face)
      || (id === 'have-it' && haveIt)
      || (id === 'drop-page' && !(view.sheets.length > 0 && view.sheets[view.sheets.length - 1].read))
      || (id === 'pay' && (paying || !transfer))
      || (id === 'pay-back' && !paying)
      || (id === 'print-again' && prints !== 'failed')
      || (id === 'end' && prints === 'going');
    const shown = wanted.includes(id) && !pointless;
    show(button, shown);
    button.disabled = sending || offline;
    if (id === 'end') {
      put(button, label(OVER.includes(state) ? 'done' : 'stop'));
      button.classList.toggle('first', OVER.includes(state));
      button.classList.toggle('quiet', !OVER.includes(state));
    } else {
      put(button, label(id));
    }
  });
  show(at('copies-choice'), state === 'idle' && !reading);
  put(at('copies'), String(copies));
  at('fewer').disabled = copies <= 1;
  at('more').disabled = copies >= COPIES_MAX;
}

function draw() {
  drawLabels();
  show(at('offline'), offline);
  put(at('offline'), offline ? label('offline') : '');
  if (!view) {
    return;
  }
  const state = view.state;
  root.dataset.state = state;
  root.dataset.busy = String(view.busy);
  root.dataset.reading = String(reading);
  drawPicture(state);
  drawSteps(state);
  show(at('spinner'), (view.busy && !view.face) || ['deciding', 'correcting'].includes(state));
  put(at('doing'), waitWords());
  const said = (view.face ? view.face.say : view.say)[lang];
  put(at('say'), reading ? label('bring') : paying ? label('payAsk') : said);
  show(at('before'), reading);
  put(at('have-it-words'), haveIt ? label('haveItWords') : '');
  drawMirror(view.face);
  const counting = view.pages > 0 && ['collecting', 'scanning'].includes(state);
  show(at('count'), counting);
  put(at('count'), counting ? label('count')(view.pages) : '');
  show(at('read-as'), Boolean(view.kind));
  put(at('read-as'), view.kind ? label('readAs')(view.kind[lang]) : '');
  drawSheets(view.sheets);
  const refused = view.refusal && `${view.refusal[lang]} (${view.refusal.ground[lang]})`;
  const asked = view.rescan ? view.rescan[lang] : dueWords(view.appointment);
  const told = view.refusal ? `${label('reason')}: ${refused}.` : asked;
  show(at('refusal'), Boolean(told));
  put(at('refusal'), told);
  show(at('notice'), Boolean(view.notice));
  put(at('notice'), view.notice ? view.notice[lang] : '');
  drawIssued(view.issued);
  drawFeedback();
  drawButtons();
  speakScreen();
}

// ---- voice

// Speaks one text after the other; `now` breaks off what is being spoken.
function speak(text, now) {
  if (!voice || !text) {
    return;
  }
  if (now) {
    hush();
  }
  toSpeak.push(text);
  if (!speaking) {
    speakNext();
  }
}

function hush() {
  player.pause();
  toSpeak = [];
  speaking = null;
}

async function speakNext() {
  const text = toSpeak.shift();
  speaking = text ? {} : null;
  if (!text) {
    return;
  }
  const own = speaking;
  root.dataset.spoken = text;
  let sound = null;
  try {
    const answer = await fetch('/api/speech', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ vietnamese: lang === 'vi', text }),
    });
    sound = answer.ok ? await answer.blob() : null;
    if (speaking === own && sound) {
      window.URL.revokeObjectURL(player.src);
      player.src = window.URL.createObjectURL(sound);
      await player.play();
    }
  } catch (_) {
    // Broken off by newer words, or no sound here: the words are on the screen.
    sound = null;
  }
  if (speaking === own && !sound) {
    speakNext();
  }
}

// What the screen says now, when it is something new.
function speakScreen() {
  const before = reading ? all('#before li, #have-it-words') : [];
  const pay = paying ? [at('pay-told')] : [];
  const waits = view.wait ? [at('doing')] : [];
  const parts = ['say', 'count', 'read-as', 'refusal', 'notice'].map((id) => at(id))
    .concat(waits, before, pay);
  const shown = parts.filter((part) => !part.hidden && part.textContent);
  const code = view.issued && !paying ? `${label('code')}: ${view.issued.code.split('').join(' ')}` : '';
  const texts = shown.map((part) => part.textContent).concat(code || []);
  const isNew = (text) => !spoken.includes(text);
  if (voice && texts.some(isNew)) {
    const fresh = isNew(texts[0]) ? texts : texts.filter(isNew);
    fresh.forEach((text, i) => speak(text, i === 0));
  }
  spoken = texts;
}

function setVoice(on) {
  voice = on;
  spoken = [];
  hush();
  delete root.dataset.spoken;
  draw();
}

// Who works by keys hears what they stand on.
function speakFocus(event) {
  const on = event.target;
  if (on instanceof HTMLButtonElement) {
    speak(on.getAttribute('aria-label') || on.textContent, !placing);
  }
}

// The one who works by keys or by ear always stands on something that is there.
function placeFocus() {
  const first = all('#buttons button').find((button) => !button.hidden && !button.disabled);
  const waits = view.busy || ['deciding', 'correcting'].includes(view.state);
  placing = true;
  // The code of a copy stays in sight where the screen is lower than its page.
  (waits || !first ? at('say') : first).focus({ preventScroll: view.state === 'issued' });
  placing = false;
}

function freshPerson() {
  if (voice) {
    setVoice(false);
  }
  reading = false;
  haveIt = false;
  paying = false;
  complaining = false;
  lang = 'vi';
  size = 1;
  copies = 1;
}

function take(next) {
  const before = view ? view.state : null;
  view = next;
  viewAt = Date.now();
  reading = reading && next.state === 'idle';
  const paid = paying && !(next.issued && next.issued.transfer);
  paying = paying && !paid;
  complaining = complaining && next.asks_feedback;
  const moved = before !== next.state;
  if (moved && next.state === 'idle') {
    freshPerson();
  }
  if (moved) {
    ask(false);
  }
  draw();
  if (moved || paid) {
    window.scrollTo(0, 0);
    placeFocus();
  }
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
      const answer = await fetch('/api/visit', { cache: 'no-store' });
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      offline = false;
      take(await answer.json());
    } catch (_) {
      offline = true;
      draw();
    }
  } while (again);
  fetching = false;
}

function listen() {
  const events = new EventSource('/api/events');
  events.onmessage = refresh;
  events.onopen = refresh;
  window.setInterval(() => {
    if (events.readyState !== EventSource.OPEN) {
      refresh();
    }
  }, POLL_MS);
}

async function wish(name, told) {
  if (sending || offline) {
    return;
  }
  sending = true;
  draw();
  try {
    const answer = await fetch(`/api/visit/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(told || (name === 'start' ? { copies } : {})),
    });
    offline = answer.status >= 500;
  } catch (_) {
    offline = true;
  }
  sending = false;
  draw();
  refresh();
}

// ---- hands

// Stopping throws pages away, so it is asked once more when there are any.
function ask(open) {
  show(at('confirm'), open);
  show(at('buttons'), !open);
}

function press(name) {
  const loses = name === 'end' && view.pages > 0 && !OVER.includes(view.state);
  if (loses) {
    ask(true);
    at('end-back').focus();
  } else if (name === 'before' || name === 'back') {
    readBefore(name === 'before');
  } else if (name === 'pay' || name === 'pay-back') {
    paying = name === 'pay';
    draw();
    window.scrollTo(0, 0);
    placeFocus();
  } else if (name === 'have-it') {
    haveIt = true;
    draw();
    placeFocus();
  } else {
    wish(name);
  }
}

function readBefore(open) {
  reading = open;
  haveIt = false;
  draw();
  window.scrollTo(0, 0);
  placeFocus();
}

function closeAsk() {
  ask(false);
  const end = at('end');
  (end.hidden ? at('say') : end).focus();
}

function setCopies(next) {
  copies = Math.min(COPIES_MAX, Math.max(1, next));
  draw();
}

function setLang(next) {
  lang = next;
  spoken = [];
  draw();
}

function onKey(event) {
  const onButton = event.target instanceof HTMLButtonElement;
  // A key held down must not scan page after page.
  if (event.repeat && onButton && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
  }
  if (event.key === 'Escape' && !at('confirm').hidden) {
    closeAsk();
  }
  // A keypad has four arrows and no Tab.
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (by) {
    const open = all('button').filter((b) => !b.disabled && b.offsetParent !== null);
    const here = open.indexOf(document.activeElement);
    const next = here < 0 ? 0 : (here + by + open.length) % open.length;
    if (open.length > 0) {
      open[next].focus();
      event.preventDefault();
    }
  }
}

// Who is content has said it with one touch; who is not may say why with a second one.
function rate(rating) {
  if (rating === 'poor') {
    complaining = true;
    draw();
    all('#complaints button')[0].focus();
    return;
  }
  wish('feedback', { rating });
}

function watchHands() {
  all('[data-wish]').forEach((button) => {
    button.addEventListener('click', () => press(button.dataset.wish));
  });
  all('[data-rating]').forEach((button) => {
    button.addEventListener('click', () => rate(button.dataset.rating));
  });
  all('[data-complaint]').forEach((button) => {
    button.addEventListener('click', () => {
      wish('feedback', { rating: 'poor', complaint: button.dataset.complaint });
    });
  });
  at('end-back').addEventListener('click', closeAsk);
  at('end-sure').addEventListener('click', () => {
    ask(false);
    wish('end');
  });
  at('fewer').addEventListener('click', () => setCopies(copies - 1));
  at('more').addEventListener('click', () => setCopies(copies + 1));
  at('lang-vi').addEventListener('click', () => setLang('vi'));
  at('lang-en').addEventListener('click', () => setLang('en'));
  at('larger').addEventListener('click', () => {
    size = (size % 3) + 1;
    draw();
  });
  at('voice').addEventListener('click', () => setVoice(!voice));
  player.addEventListener('ended', speakNext);
  document.addEventListener('focusin', speakFocus);
  document.addEventListener('keydown', onKey);
  stayHere();
  watchAbsence();
}

// What the browser itself would do with a touch or a key leads out of this page: nothing does but
// what the page is for. A code reader that types, and a keyboard that somebody brings, are keys too.
function stayHere() {
  const first = { capture: true, passive: false };
  const refuse = (event) => event.preventDefault();
  document.addEventListener('keydown', (event) => {
    const bare = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (!bare || !KEYS.includes(event.key)) {
      refuse(event);
    }
  }, first);
  REFUSED.forEach((kind) => document.addEventListener(kind, refuse, first));
  document.addEventListener('wheel', (event) => {
    if (event.ctrlKey) {
      refuse(event);
    }
  }, first);
  document.addEventListener('touchmove', (event) => {
    if (event.touches.length > 1) {
      refuse(event);
    }
  }, first);
}

// Settings of a person who walked away before starting do not meet the next one.
function watchAbsence() {
  let timer = 0;
  const touched = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (view && view.state === 'idle') {
        freshPerson();
        draw();
      }
    }, IDLE_RESET_MS);
  };
  ['pointerdown', 'keydown'].forEach((kind) => document.addEventListener(kind, touched));
}

drawLabels();
window.setInterval(() => {
  if (view && view.wait) {
    draw();
  }
}, WAIT_LOOK_MS);
watchHands();
listen();
refresh();
