// The part of the officer's page that says who sits at it: signing in with the PIN, how long that
// counts, signing out. Loaded before officer.js, whose names it uses once the page is running.
'use strict';

const SIGN_IN_LABELS = {
  vi: {
    signIn: 'Đăng nhập', signInTold: 'Cắm thiết bị chữ ký số, chọn tên và nhập mã PIN.',
    signInWho: 'Cán bộ', signInPin: 'Mã PIN', signInGo: 'Đăng nhập', signOut: 'Đăng xuất',
    signedAs: 'Người ký', caseWaits: 'Có hồ sơ đang chờ.', noCaseWaits: 'Chưa có hồ sơ chờ.',
    session: (minutes, copies) => `Phiên ký: còn ${minutes} phút, ${copies} bản sao`,
    signedIn: (minutes) => `Đăng nhập còn ${minutes} phút; mã PIN cho từng bản sao`,
    looksOnly: 'Chỉ xem: tài khoản này không quyết định hồ sơ.',
    notACaseRole: 'Tài khoản kỹ thuật không xem hồ sơ.',
  },
  en: {
    signIn: 'Sign in', signInTold: 'Plug in your signing token, choose your name and enter the PIN.',
    signInWho: 'Officer', signInPin: 'PIN', signInGo: 'Sign in', signOut: 'Sign out',
    signedAs: 'Signer', caseWaits: 'A case waits.', noCaseWaits: 'No case waits.',
    session: (minutes, copies) => `Signing session: ${minutes} min, ${copies} copies left`,
    signedIn: (minutes) => `Signed in for ${minutes} min; the PIN for each copy`,
    looksOnly: 'Looking only: this account decides no cases.',
    notACaseRole: 'A technician’s account sees no cases.',
  },
};

let me = null;
let meAt = 0;
let signingIn = false;
let signInError = null;

const who = () => (me ? me.signed_in : null);
const decides = () => Boolean(who() && who().role === 'decide');
const seesCases = () => Boolean(who() && who().role !== 'technician');
const asksPin = () => !who() || who().signatures === null;

function minutesLeft() {
  const passed = (Date.now() - meAt) / 1000;
  return Math.max(0, Math.ceil((who().seconds - passed) / 60));
}

async function fetchMe() {
  const answer = await fetch('/api/officer/me', { cache: 'no-store' });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  takeMe(await answer.json());
}

function takeMe(next) {
  me = next;
  meAt = Date.now();
}

function drawSignIn() {
  const out = Boolean(me) && !who();
  const fresh = at('sign-in').hidden && out;
  root.dataset.signed = me ? (out ? 'out' : 'in') : '';
  show(at('sign-in'), out);
  show(at('session'), Boolean(who()));
  show(at('sign-out'), Boolean(who()));
  if (!me) {
    return;
  }
  const names = me.officers.map((each) => [each.id, `${each.name}, ${each.capacity}`]);
  const kept = at('sign-in-who').value;
  options(at('sign-in-who'), names, names.length === 1 ? names[0][0] : kept);
  put(at('sign-in-waits'), out ? label(me.waiting ? 'caseWaits' : 'noCaseWaits') : '');
  const words = typeof signInError === 'string' ? label(signInError) : sentence(signInError);
  show(at('sign-in-error'), out && Boolean(words));
  put(at('sign-in-error'), out ? words : '');
  at('sign-in-go').disabled = signingIn || offline;
  drawSession();
  if (fresh) {
    at(names.length === 1 ? 'sign-in-pin' : 'sign-in-who').focus();
  }
}

function drawSession() {
  const own = who();
  if (!own) {
    put(at('session'), '');
    return;
  }
  const left = own.signatures === null
    ? label('signedIn')(minutesLeft()) : label('session')(minutesLeft(), own.signatures);
  const words = { look: label('looksOnly'), technician: label('notACaseRole') }[own.role] || left;
  put(at('session'), `${own.name}. ${words}`);
  put(at('signer'), own.in_force ? `${own.name}, ${own.capacity}` : label('noOfficer'));
}

async function signIn(event) {
  event.preventDefault();
  const officer = at('sign-in-who').value;
  const pin = at('sign-in-pin').value;
  if (signingIn || officer === '' || pin === '') {
    signInError = officer === '' ? 'needOfficer' : 'needPin';
    draw();
    at(officer === '' ? 'sign-in-who' : 'sign-in-pin').focus();
    return;
  }
  at('sign-in-pin').value = '';
  signingIn = true;
  signInError = null;
  draw();
  try {
    const answer = await post('/api/officer/sign-in', { officer, pin });
    const told = await answer.json().catch(() => null);
    if (answer.ok && told) {
      takeMe(told);
      result = null;
    } else {
      signInError = told && told.say ? told.say : 'trouble';
    }
  } catch (_) {
    signInError = 'trouble';
  }
  signingIn = false;
  await refresh();
  if (!who()) {
    at('sign-in-pin').focus();
  } else if (!view || !caseShown()) {
    at('heading').focus();
  }
}

async function signOut() {
  try {
    await post('/api/officer/sign-out', {});
  } finally {
    result = null;
    refresh();
  }
}

function watchSignIn() {
  at('sign-in').addEventListener('submit', signIn);
  at('sign-out').addEventListener('click', signOut);
}
