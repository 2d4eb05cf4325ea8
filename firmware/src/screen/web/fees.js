// The part of the officer's page that tells which fees of a day are due, and takes them down as paid.
// Loaded before officer.js, whose names it uses once the page is running.
'use strict';

const FEES_LABELS = {
  vi: {
    fees: 'Phí trong ngày', feesDay: 'Ngày', feeHow: 'Hình thức', feeReference: 'Mã giao dịch',
    feeTake: 'Đã thu', feeAgain: 'Ghi nhầm, chưa thu', feesNone: 'Ngày này chưa có bản sao nào mất phí.',
    feeMeans: { transfer: 'Chuyển khoản', cash: 'Tiền mặt', card: 'Thẻ' },
    feeRow: (number, book, time) => `Số ${number}, quyển ${book}, ${time}`,
    feeTaken: (means) => `Đã thu: ${means}`,
    feesSum: (due, taken) => `Còn thiếu ${due} đồng, đã thu ${taken} đồng.`,
    feesElsewhere: (count) => `Các ngày khác còn ${count} khoản chưa thu.`,
    needMeans: 'Xin chọn hình thức thu phí.', feeGone: 'Khoản này đã được người khác ghi.',
    feeInvalid: 'Mã giao dịch chỉ gồm chữ không dấu, số và - . /',
  },
  en: {
    fees: 'Fees of the day', feesDay: 'Day', feeHow: 'Paid by', feeReference: 'Payment number',
    feeTake: 'Taken', feeAgain: 'By mistake: still due', feesNone: 'No copy of this day costs anything.',
    feeMeans: { transfer: 'Transfer', cash: 'Cash', card: 'Card' },
    feeRow: (number, book, time) => `No. ${number}, book ${book}, ${time}`,
    feeTaken: (means) => `Taken: ${means}`,
    feesSum: (due, taken) => `${due} VND due, ${taken} VND taken.`,
    feesElsewhere: (count) => `${count} fees of other days are due.`,
    needMeans: 'Please choose how it was paid.', feeGone: 'Somebody else took this down already.',
    feeInvalid: 'A payment number has plain letters, digits and - . / only',
  },
};

let fees = null;
let feesShown = '';
let feesError = null;
// Empty for today, whichever day that is by then.
let feesDay = '';

const feesWanted = () => seesCases() && Boolean(view) && !caseShown();

// Fees are looked at between cases only, and gone from the page with the sign-in.
async function fetchFees() {
  if (!feesWanted()) {
    fees = null;
    return;
  }
  const answer = await fetch(`/api/officer/fees${feesDay ? `?day=${feesDay}` : ''}`, {
    cache: 'no-store',
  });
  fees = answer.ok ? await answer.json() : null;
}

const money = (vnd) => vnd.toLocaleString('vi-VN');

function feeAction(fee) {
  const box = make('div', 'deciders');
  if (fee.taken) {
    const again = make('button', 'tool', label('feeAgain'));
    again.type = 'button';
    again.addEventListener('click', () => settleFee(fee.sequence, null, ''));
    box.append(make('strong', '', label('feeTaken')(label('feeMeans')[fee.taken])), again);
    return box;
  }
  const how = make('select');
  how.id = `fee-how-${fee.sequence}`;
  options(how, Object.entries(label('feeMeans')), '');
  const reference = make('input');
  reference.id = `fee-reference-${fee.sequence}`;
  reference.maxLength = 40;
  reference.autocomplete = 'off';
  const take = make('button', 'approve', label('feeTake'));
  take.type = 'button';
  take.id = `fee-take-${fee.sequence}`;
  take.addEventListener('click', () => {
    if (how.value === '') {
      feesError = 'needMeans';
      drawFees();
      how.focus();
      return;
    }
    settleFee(fee.sequence, how.value, reference.value);
  });
  const named = (name, field) => {
    const ask = make('div', 'ask short');
    const words = make('label', '', label(name));
    words.htmlFor = field.id;
    ask.append(words, field);
    return ask;
  };
  box.append(named('feeHow', how), named('feeReference', reference), take);
  return box;
}

function feeRow(fee) {
  const time = new Date(fee.issued_at).toLocaleTimeString('vi-VN', {
    hour: '2-digit', minute: '2-digit', hour12: false, timeZone: 'Asia/Ho_Chi_Minh',
  });
  const row = make('li', fee.taken ? 'fee taken' : 'fee');
  row.dataset.sequence = String(fee.sequence);
  const words = make('p', '', `${label('feeRow')(fee.number, fee.book, time)}: `);
  words.append(make('strong', '', `${money(fee.vnd)} đồng`));
  row.append(words, feeAction(fee));
  return row;
}

// Redrawn only when something differs, so that nobody's typing is lost.
function drawFees() {
  const shown = feesWanted() && Boolean(fees);
  show(at('fees'), shown);
  show(at('fees-error'), shown && Boolean(feesError));
  put(at('fees-error'), shown && feesError ? label(feesError) : '');
  const facts = shown ? JSON.stringify([lang, fees]) : '';
  if (facts === feesShown) {
    return;
  }
  feesShown = facts;
  const list = at('fees-list');
  list.textContent = '';
  if (!shown) {
    put(at('fees-sum'), '');
    return;
  }
  at('fees-day').value = fees.day;
  const sum = (of) => money(fees.copies.filter(of).reduce((all, fee) => all + fee.vnd, 0));
  const words = [label('feesSum')(sum((fee) => !fee.taken), sum((fee) => fee.taken))];
  if (fees.due_elsewhere > 0) {
    words.push(label('feesElsewhere')(fees.due_elsewhere));
  }
  put(at('fees-sum'), fees.copies.length > 0 ? words.join(' ') : label('feesNone'));
  // The newest first: that one is still at the desk.
  fees.copies.slice().reverse().forEach((fee) => list.append(feeRow(fee)));
}

async function settleFee(sequence, taken, reference) {
  feesError = null;
  try {
    const answer = await post('/api/officer/fees', { sequence, taken, reference });
    feesError = answer.ok ? null : { 409: 'feeGone', 422: 'feeInvalid' }[answer.status] || 'trouble';
  } catch (_) {
    feesError = 'trouble';
  }
  await refresh();
  at('fees').focus();
}

function watchFees() {
  at('fees-day').addEventListener('change', () => {
    feesDay = at('fees-day').value;
    feesError = null;
    refresh();
  });
}
