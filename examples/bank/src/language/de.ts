import type { Messages } from './en.ts'

export const de: Messages = {
  locale: 'de-DE',
  bank: 'Harbour Bank',
  skip: 'Zum Inhalt',

  logIn: {
    title: 'Anmelden',
    greeting: 'Schön, dass Sie da sind.',
    lead: 'Ihr Geld, in ruhigem Wasser.',
    name: 'Benutzername',
    password: 'Passwort',
    submit: 'Anmelden',
    wrong: 'Benutzername oder Passwort stimmt nicht.',
    tooMany: 'Zu viele Versuche. Bitte warten Sie fünf Minuten.',
    hint: 'Eine Vorführung. Melden Sie sich als ada, ben oder chloe an; das Passwort ist lighthouse.',
    ended: {
      'logged-out': 'Sie sind abgemeldet. Bis bald.',
      idle: 'Sie wurden abgemeldet, weil Sie eine Weile weg waren.',
      elsewhere: 'Ihre Sitzung ist beendet. Bitte melden Sie sich neu an.',
    },
  },

  nav: {
    label: 'Hauptmenü',
    accounts: 'Konten',
    transfer: 'Überweisen',
    devices: 'Geräte',
    settings: 'Optionen',
  },
  logOut: 'Abmelden',
  back: 'Zurück',
  close: 'Abbrechen',
  next: 'Weiter',

  timer: {
    label: 'Zeit bis zur Abmeldung',
    until: (time) => `bis ${time}`,
    title: 'Sind Sie noch da?',
    text: 'Zu Ihrer Sicherheit werden Sie gleich abgemeldet.',
    stay: 'Angemeldet bleiben',
  },

  accounts: {
    title: 'Konten',
    hello: (name) => `Hallo, ${name}`,
    total: 'Alle Konten zusammen',
    kind: { everyday: 'Girokonto', savings: 'Sparkonto' },
    send: 'Geld senden',
    list: 'Ihre Konten',
    recent: 'Zuletzt angesehen',
    nothingRecent: 'Was Sie öffnen, erscheint hier.',
    draftWaiting: 'Überweisung nicht fertig',
    draftContinue: (name) => `An ${name}, hier geht es weiter`,
    available: 'Verfügbar',
    transactions: 'Umsätze',
    none: 'Noch keine Buchungen.',
  },

  transaction: {
    title: 'Umsatz',
    booked: 'Gebucht',
    account: 'Konto',
    note: 'Verwendungszweck',
    iban: 'IBAN',
    reference: 'Referenz',
  },

  transfer: {
    title: 'Überweisung',
    step: (step) => `Schritt ${step} von 3`,
    steps: ['An wen', 'Wie viel', 'Prüfen'],
    to: {
      title: 'Wer bekommt das Geld?',
      known: 'Bekannte Empfänger',
      other: 'Jemand anderes',
      name: 'Name',
      iban: 'IBAN',
      ibanHint: 'Zum Beispiel XH92 7700 0000 9081 7265.',
    },
    amount: {
      title: 'Wie viel?',
      from: 'Von',
      amount: 'Betrag in Euro',
      note: 'Verwendungszweck (freiwillig)',
      noteHint: 'Der Empfänger kann ihn lesen.',
    },
    review: {
      title: 'Stimmt alles?',
      to: 'An',
      from: 'Von',
      amount: 'Betrag',
      note: 'Zweck',
      change: 'Ändern',
      confirm: (amount) => `${amount} senden`,
      password: 'Ihr Passwort',
      passwordWhy: (amount) => `Über ${amount} fragen wir noch einmal nach Ihrem Passwort.`,
    },
    done: {
      title: 'Unterwegs',
      text: (amount, name) => `${amount} gingen an ${name}.`,
      again: 'Noch eine Überweisung',
      home: 'Zu Ihren Konten',
    },
    cancel: 'Überweisung verwerfen',
    problems: {
      payee: 'Wählen Sie jemanden aus, oder geben Sie Name und IBAN an.',
      name: 'Bitte geben Sie einen Namen an.',
      iban: 'Diese IBAN stimmt nicht. Bitte prüfen Sie sie.',
      ownAccount: 'Von diesem Konto kommt das Geld.',
      amount: 'Bitte geben Sie einen Betrag wie 25 oder 25,50 an.',
      short: 'So viel ist nicht auf dem Konto.',
      note: 'Höchstens 140 Zeichen.',
      password: 'Das Passwort stimmt nicht.',
    },
  },

  devices: {
    title: 'Wo Sie angemeldet sind',
    lead: 'Kennen Sie ein Gerät nicht? Melden Sie es ab.',
    current: 'Dieses Gerät',
    unknown: 'Unbekanntes Gerät',
    since: (time) => `Angemeldet ${time}`,
    seen: (time) => `Zuletzt aktiv ${time}`,
    now: 'Gerade aktiv',
    revoke: 'Abmelden',
    revokeLabel: (device) => `${device} abmelden`,
    others: 'Überall sonst abmelden',
    onlyHere: 'Sie sind nur auf diesem Gerät angemeldet.',
    passwordFirst: 'Ihre letzte Passworteingabe ist eine Weile her, deshalb fragen wir zuerst danach.',
  },

  identity: {
    title: 'Sind Sie es?',
    lead: 'Bitte geben Sie noch einmal Ihr Passwort ein. Dann geht es weiter.',
    password: 'Passwort',
    submit: 'Weiter',
    wrong: 'Das Passwort stimmt nicht.',
  },

  settings: {
    title: 'Einstellungen',
    language: 'Sprache',
    theme: 'Darstellung',
    themes: { system: 'Automatisch', light: 'Hell', dark: 'Dunkel' },
    person: 'Kunde',
    about: 'Ihre Wahl gehört zu dieser Sitzung. Sie endet, wenn Sie sich abmelden.',
  },

  notices: {
    revoked: 'Das Gerät ist abgemeldet.',
    'revoked-others': 'Alle anderen Geräte sind abgemeldet.',
    confirmed: 'Danke. Es kann weitergehen.',
    discarded: 'Die Überweisung wurde verworfen.',
  },

  errors: {
    title: 'Das hat nicht geklappt',
    notFound: 'Diese Seite gibt es nicht.',
    refused: 'Zu Ihrer Sicherheit haben wir diese Anfrage nicht angenommen. Bitte gehen Sie zurück.',
    unavailable:
      'Die Bank ist gerade nicht erreichbar. Sie bleiben angemeldet. Bitte versuchen Sie es bald neu.',
    tooMany: 'Zu viele Anfragen. Bitte versuchen Sie es später.',
    other: 'Bei uns ist etwas schiefgegangen.',
    home: 'Zur Startseite',
  },
}
