// The part of the officer's page that promises a copy for later: how, until when, and the slip.
// Loaded before officer.js, whose names it uses once the page is running.
'use strict';

const APPOINTMENT_LABELS = {
  vi: {
    deferHow: 'Hẹn trả', deferDay: 'Ngày đã thỏa thuận', defer: 'Lập phiếu hẹn',
    needDefer: 'Xin chọn cách hẹn trả.', needDay: 'Xin nhập ngày đã thỏa thuận.',
    dueWords: (time) => `trả trước ${time}`,
    deferred: 'Đã hẹn trả', slipNumber: 'Số phiếu', slipDue: 'Trả trước', slipReason: 'Lý do',
    slipTold: 'Hình ảnh giấy tờ đã được xóa. In phiếu, ký, đưa cho người yêu cầu, rồi chạm '
      + '“Đã đưa phiếu”. Sau 10 phút phiếu tự xóa.',
    slipPrint: 'Mở phiếu để in', slipGiven: 'Đã đưa phiếu',
  },
  en: {
    deferHow: 'Hand out later', deferDay: 'Agreed day', defer: 'Make the slip',
    needDefer: 'Please choose how the copy is promised.', needDay: 'Please enter the agreed day.',
    dueWords: (time) => `due ${time}`,
    deferred: 'Promised for later', slipNumber: 'Slip', slipDue: 'Due', slipReason: 'Reason',
    slipTold: 'The pictures of the paper are deleted. Print the slip, sign it, hand it over, then '
      + 'touch “Slip handed over”. After 10 minutes the slip is deleted.',
    slipPrint: 'Open the slip to print', slipGiven: 'Slip handed over',
  },
};

function moment(iso) {
  return new Date(iso).toLocaleString('vi-VN', {
    hour: '2-digit', minute: '2-digit', day: '2-digit', month: '2-digit', year: 'numeric',
    hour12: false, timeZone: 'Asia/Ho_Chi_Minh',
  });
}

const keyOf = (choice) => `${choice.code}:${choice.days || ''}`;

function drawDeferrals(fresh) {
  const choices = asArray(view.deferrals);
  show(at('later'), choices.length > 0);
  const words = (choice) =>
    (choice.due ? `${choice[lang]}: ${label('dueWords')(moment(choice.due))}` : choice[lang]);
  const items = choices.map((choice) => [keyOf(choice), words(choice)]);
  options(at('defer-how'), items, fresh ? '' : at('defer-how').value);
  showDay();
}

function showDay() {
  show(at('defer-day-ask'), at('defer-how').value.startsWith('AGREED'));
}

function drawAppointment() {
  const made = view.appointment;
  show(at('slip'), Boolean(made) && !caseShown());
  put(at('slip-number'), made ? made.slip : '');
  put(at('slip-due'), made ? moment(made.due) : '');
  put(at('slip-reason'), made ? sentence(made.words) : '');
}

async function defer() {
  if (signing() || offline) {
    return;
  }
  const choice = asArray(view.deferrals).find((each) => keyOf(each) === at('defer-how').value);
  const agreed = choice && choice.code === 'AGREED' ? at('defer-day').value : null;
  const gaps = [
    [at('title').value.trim() === '', 'title', 'needTitle'],
    [at('requester').value.trim() === '', 'requester', 'needRequester'],
    [!choice, 'defer-how', 'needDefer'],
    [agreed === '', 'defer-day', 'needDay'],
  ];
  const gap = gaps.find(([missed]) => missed);
  if (gap) {
    complain(gap[2], gap[1]);
    return;
  }
  const { code, days } = choice;
  await send('/api/officer/defer', { reason: code, days, agreed }, '');
}

async function slipGiven() {
  try {
    await fetch('/api/officer/slip-given', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}',
    });
  } finally {
    refresh();
  }
}

function watchAppointment() {
  at('defer-how').addEventListener('change', showDay);
  at('defer').addEventListener('click', defer);
  at('slip-given').addEventListener('click', slipGiven);
}
