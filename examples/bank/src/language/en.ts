/** Every text of the bank. The other languages have the same keys: the compiler says when one is missing. */
export const en = {
  locale: 'en-GB',
  bank: 'Harbour Bank',
  skip: 'Skip to content',

  logIn: {
    title: 'Log in',
    greeting: 'Good to see you.',
    lead: 'Your money, in calm waters.',
    name: 'User name',
    password: 'Password',
    submit: 'Log in',
    wrong: 'User name or password is not right.',
    tooMany: 'Too many attempts. Please wait five minutes.',
    hint: 'A demonstration. Log in as ada, ben or chloe; the password is lighthouse.',
    ended: {
      'logged-out': 'You are logged out. See you soon.',
      idle: 'You were logged out because you were away for a while.',
      elsewhere: 'Your session has ended. Please log in again.',
    },
  },

  nav: {
    label: 'Main',
    accounts: 'Accounts',
    transfer: 'Transfer',
    devices: 'Devices',
    settings: 'Settings',
  },
  logOut: 'Log out',
  back: 'Back',
  close: 'Cancel',
  next: 'Continue',

  timer: {
    label: 'Time until you are logged out',
    until: (time: string) => `until ${time}`,
    title: 'Still there?',
    text: 'For your safety you will be logged out soon.',
    stay: 'Stay logged in',
  },

  accounts: {
    title: 'Accounts',
    hello: (name: string) => `Hello, ${name}`,
    total: 'All accounts together',
    kind: { everyday: 'Everyday account', savings: 'Savings account' },
    send: 'Send money',
    list: 'Your accounts',
    recent: 'Recently viewed',
    nothingRecent: 'What you open shows up here.',
    draftWaiting: 'Transfer not finished',
    draftContinue: (name: string) => `To ${name}, continue here`,
    available: 'Available',
    transactions: 'Transactions',
    none: 'Nothing was booked yet.',
  },

  transaction: {
    title: 'Transaction',
    booked: 'Booked',
    account: 'Account',
    note: 'Note',
    iban: 'IBAN',
    reference: 'Reference',
  },

  transfer: {
    title: 'Transfer',
    step: (step: number) => `Step ${step} of 3`,
    steps: ['To whom', 'How much', 'Check'],
    to: {
      title: 'Who gets the money?',
      known: 'People you know',
      other: 'Somebody new',
      name: 'Name',
      iban: 'IBAN',
      ibanHint: 'Try XH92 7700 0000 9081 7265.',
    },
    amount: {
      title: 'How much?',
      from: 'From',
      amount: 'Amount in euros',
      note: 'Note (optional)',
      noteHint: 'The receiver can read it.',
    },
    review: {
      title: 'Is everything right?',
      to: 'To',
      from: 'From',
      amount: 'Amount',
      note: 'Note',
      change: 'Change',
      confirm: (amount: string) => `Send ${amount}`,
      password: 'Your password',
      passwordWhy: (amount: string) => `Above ${amount} we ask for your password again.`,
    },
    done: {
      title: 'On its way',
      text: (amount: string, name: string) => `${amount} went to ${name}.`,
      again: 'Another transfer',
      home: 'To your accounts',
    },
    cancel: 'Discard transfer',
    problems: {
      payee: 'Choose somebody, or fill in name and IBAN.',
      name: 'Please fill in a name.',
      iban: 'This IBAN is not right. Please check it.',
      ownAccount: 'This is the account that the money comes from.',
      amount: 'Please write an amount such as 25 or 25.50.',
      short: 'The account does not hold that much.',
      note: 'At most 140 characters.',
      password: 'The password is not right.',
    },
  },

  devices: {
    title: 'Where you are logged in',
    lead: 'Is there a device that you do not know? Log it out.',
    current: 'This device',
    unknown: 'Unknown device',
    since: (time: string) => `Logged in ${time}`,
    seen: (time: string) => `Last active ${time}`,
    now: 'Active now',
    revoke: 'Log out',
    revokeLabel: (device: string) => `Log out ${device}`,
    others: 'Log out everywhere else',
    onlyHere: 'You are logged in on this device only.',
    passwordFirst: 'It is a while since you gave your password, so we ask for it first.',
  },

  identity: {
    title: 'Is it you?',
    lead: 'Please give your password once more. Then you can go on.',
    password: 'Password',
    submit: 'Continue',
    wrong: 'The password is not right.',
  },

  settings: {
    title: 'Settings',
    language: 'Language',
    theme: 'Appearance',
    themes: { system: 'Automatic', light: 'Light', dark: 'Dark' },
    person: 'Customer',
    about: 'Your choice belongs to this session. It ends when you log out.',
  },

  notices: {
    revoked: 'The device is logged out.',
    'revoked-others': 'All other devices are logged out.',
    confirmed: 'Thank you. You can go on now.',
    discarded: 'The transfer was discarded.',
  },

  errors: {
    title: 'That did not work',
    notFound: 'There is no such page.',
    refused: 'For your safety we did not accept this request. Please go back and try again.',
    unavailable: 'The bank cannot be reached at the moment. You are still logged in. Please try again soon.',
    tooMany: 'Too many requests. Please try again later.',
    other: 'Something went wrong on our side.',
    home: 'To the start page',
  },
}

export type Messages = typeof en
