// The part of the officer's page that asks for pages to be scanned again: which, why, and taking the
// case back as it is. Loaded before officer.js, whose names it uses once the page is running.
'use strict';

const RESCAN_LABELS = {
  vi: {
    rescanPages: 'Quét lại', rescanWhy: 'Vì', rescan: 'Xin quét lại', allPages: 'Tất cả các trang',
    needRescan: 'Xin chọn lý do quét lại.',
    rescanOpen: 'Đang chờ quét lại',
    rescanTold: 'Người yêu cầu đã được mời đặt trang này lên máy. Hồ sơ tự quay lại đây khi quét xong, '
      + 'hoặc sau 5 phút.',
    rescanWithdraw: 'Thôi, xem tiếp hồ sơ',
  },
  en: {
    rescanPages: 'Scan again', rescanWhy: 'Because', rescan: 'Ask for a new scan',
    allPages: 'All pages', needRescan: 'Please choose why it is scanned again.',
    rescanOpen: 'Waiting for a new scan',
    rescanTold: 'The person was asked to lay this page. The case comes back here by itself when it is '
      + 'scanned, or after 5 minutes.',
    rescanWithdraw: 'Go on without it',
  },
};

function drawRescans(fresh) {
  const reasons = asArray(view.rescans);
  show(at('again'), reasons.length > 0);
  const why = fresh ? '' : at('rescan-why').value;
  options(at('rescan-why'), reasons.map((each) => [each.code, each[lang]]), why);
  const pages = at('rescan-pages');
  const kept = fresh ? '' : pages.value;
  pages.textContent = '';
  pages.append(new Option(label('allPages'), ''));
  view.pages.forEach((page, order) => {
    pages.append(new Option(label('page')(order + 1), String(page.id)));
  });
  pages.value = view.pages.some((page) => String(page.id) === kept) ? kept : '';
  showRescanPages();
}

// One page more has no place among those that are there.
function showRescanPages() {
  const chosen = asArray(view.rescans).find((each) => each.code === at('rescan-why').value);
  show(at('rescan-pages-ask'), !(chosen && chosen.adds));
}

function drawRescan() {
  const open = Boolean(view.rescan) && !caseShown();
  show(at('rescan-open'), open);
  put(at('rescan-what'), open ? sentence(view.rescan) : '');
  show(at('rescan-withdraw'), view.state === 'awaiting_rescan');
  if (open) {
    show(at('empty'), false);
  }
}

async function rescan() {
  if (signing() || offline) {
    return;
  }
  if (at('rescan-why').value === '') {
    complain('needRescan', 'rescan-why');
    return;
  }
  const page = at('rescan-pages').value;
  error = null;
  try {
    const answer = await post('/api/officer/rescan', {
      visit: view.visit, officer: who().id, reason: at('rescan-why').value,
      pages: page ? [Number(page)] : [],
    });
    const told = answer.ok ? null : await answer.json().catch(() => null);
    if (!answer.ok) {
      error = told && told.say ? told.say : 'trouble';
    }
  } catch (_) {
    error = 'trouble';
  }
  await refresh();
  at(caseShown() ? 'rescan-why' : 'rescan-open').focus();
}

async function withdrawRescan() {
  try {
    await post('/api/officer/rescan-withdrawn', {});
  } finally {
    refresh();
  }
}

function post(path, body) {
  return fetch(path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
}

function watchRescan() {
  at('rescan-why').addEventListener('change', showRescanPages);
  at('rescan').addEventListener('click', rescan);
  at('rescan-withdraw').addEventListener('click', withdrawRescan);
}
