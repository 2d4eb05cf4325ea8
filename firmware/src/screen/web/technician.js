// The technician's page: what `kiosk status` and `kiosk selftest` say, from the same source. Causes
// and remedies are English, as in the log and in docs/checks.md.
'use strict';

const LABELS = {
  vi: {
    heading: 'Tình trạng máy', language: 'Ngôn ngữ', state: 'Máy', found: 'Kết quả kiểm tra',
    look: 'Xem lại', test: 'Tự kiểm tra tất cả', subject: 'Bộ phận', verdict: 'Kết quả',
    detail: 'Chi tiết, nguyên nhân, cách xử lý', device: 'Mã máy', version: 'Phiên bản',
    board: 'Bo mạch', uptime: 'Thời gian chạy', memory: 'Bộ nhớ', visit: 'Lượt làm thủ tục',
    book: 'Sổ đang mở', waiting: 'Chờ gửi', rejected: 'Bị từ chối', receipt: 'Biên nhận gần nhất',
    models: 'Mô hình đọc', none: 'không có', asking: 'Đang kiểm tra…',
    offline: 'Máy không trả lời. Xin thử lại.', at: (time) => `Lúc ${time}`,
    minutes: (n) => `${n} phút`, numbers: (name, n, days) => `${name}: đã cấp ${n} số, còn ${days} ngày`,
    verdicts: { ok: 'Tốt', skipped: 'Bỏ qua', warn: 'Cần chú ý', fail: 'Hỏng' },
  },
  en: {
    heading: 'How the kiosk is', language: 'Language', state: 'Kiosk', found: 'Checks',
    look: 'Look again', test: 'Run all self-tests', subject: 'Part', verdict: 'Result',
    detail: 'Detail, cause, remedy', device: 'Device', version: 'Version', board: 'Board',
    uptime: 'Running for', memory: 'Memory', visit: 'Visit', book: 'Open book',
    waiting: 'Waiting to be sent', rejected: 'Refused by the registry',
    receipt: 'Last receipt', models: 'Reading models', none: 'none', asking: 'Checking…',
    offline: 'The kiosk does not answer. Please try again.', at: (time) => `At ${time}`,
    minutes: (n) => `${n} min`, numbers: (name, n, days) => `${name}: ${n} issued, ${days} days left`,
    verdicts: { ok: 'Well', skipped: 'Skipped', warn: 'Attention', fail: 'Broken' },
  },
};

const page = (id) => document.getElementById(id);
let language = 'vi';
let status = null;
let findings = [];
let at = null;

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function time(text) {
  return new Date(text).toLocaleString('vi-VN', { timeZone: 'Asia/Ho_Chi_Minh', hour12: false });
}

function facts(words) {
  const { book, outbox, visit } = status;
  return [
    [words.device, status.device], [words.version, status.version], [words.board, status.board],
    [words.models, status.models.join(', ')],
    [words.uptime, words.minutes(Math.floor(status.uptime_s / 60))],
    [words.memory, status.memory_bytes === null
      ? words.none : `${Math.round(status.memory_bytes / 1048576)} MiB`],
    [words.visit, visit.state],
    [words.book, book === null ? words.none : words.numbers(book.name, book.issued, book.days_left)],
    [words.waiting, outbox.waiting], [words.rejected, outbox.rejected],
    [words.receipt, outbox.last_receipt === null ? words.none : time(outbox.last_receipt)],
  ];
}

function row(finding, words) {
  const made = document.createElement('tr');
  made.dataset.verdict = finding.verdict;
  const head = element('th', finding.subject);
  head.scope = 'row';
  const verdict = element('td', words.verdicts[finding.verdict]);
  verdict.lang = language;
  const detail = element('td', finding.detail);
  if (finding.id) {
    detail.prepend(element('code', finding.id), document.createElement('br'));
    detail.append(document.createElement('br'), element('strong', finding.remedy ?? ''));
  }
  made.append(head, verdict, detail);
  return made;
}

function show() {
  const words = LABELS[language];
  document.documentElement.lang = language;
  document.title = words.heading;
  for (const labelled of document.querySelectorAll('[data-label]')) {
    labelled.textContent = words[labelled.dataset.label];
  }
  for (const labelled of document.querySelectorAll('[data-label-aria]')) {
    labelled.setAttribute('aria-label', words[labelled.dataset.labelAria]);
  }
  for (const one of ['vi', 'en']) {
    page(`lang-${one}`).setAttribute('aria-pressed', String(one === language));
  }
  if (status !== null) {
    page('state').replaceChildren(...facts(words).map(([name, value]) => {
      const pair = document.createElement('div');
      pair.append(element('dt', name), element('dd', value));
      return pair;
    }));
  }
  const rows = findings.map((finding) => row(finding, words));
  page('found').tBodies[0].replaceChildren(...rows);
  page('told').textContent = at === null ? '' : words.at(time(at));
}

async function ask(path, options) {
  for (const button of [page('look'), page('test')]) button.disabled = true;
  page('told').textContent = LABELS[language].asking;
  try {
    const answer = await fetch(path, options);
    if (!answer.ok) throw new Error(String(answer.status));
    const report = await answer.json();
    if ('visit' in report) status = report;
    ({ findings, at } = report);
    show();
    document.documentElement.dataset.state = 'ready';
  } catch {
    page('told').textContent = LABELS[language].offline;
  } finally {
    for (const button of [page('look'), page('test')]) button.disabled = false;
  }
}

for (const one of ['vi', 'en']) {
  page(`lang-${one}`).addEventListener('click', () => { language = one; show(); });
}
page('look').addEventListener('click', () => ask('/api/technician/status'));
page('test').addEventListener('click', () => ask('/api/technician/selftest', {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}',
}));
show();
ask('/api/technician/status');
