/** What the page /offline says about each refusal: what it means, and what to do next. */
import type { CheckOutOutcome } from '../keys/check-out.ts'

export type RefusalKind =
  | Exclude<CheckOutOutcome['kind'], 'checked-out'>
  | 'request-unreadable'
  | 'access-denied'
  | 'too-many-requests'
  | 'unavailable'

export interface Message {
  readonly title: string
  readonly meaning: string
  readonly next: string
  /** The page has no form: another request would get the same answer. */
  readonly isFinal?: true
}

const UNREADABLE: Message = {
  title: 'This text is not a request',
  meaning:
    'A request is one long word of letters, digits, hyphens and underscores. A part of it may be missing.',
  next: 'Copy the whole text that the machine shows, or scan its QR code again.',
}

const UNAVAILABLE: Message = {
  title: 'License files cannot be made right now',
  meaning: 'The server has a problem. Your request is fine.',
  next: 'Try again later. If it takes long, tell the seller of the software.',
  isFinal: true,
}

export const MESSAGES: Readonly<Record<RefusalKind, Message>> = {
  'request-unreadable': UNREADABLE,
  'identifier-missing': UNREADABLE,
  'license-key-unknown': {
    title: 'This license key is not known here',
    meaning: 'There is no such license key, or its software does not use this page.',
    next: 'Compare the license key that you entered on the machine with the one that you bought. Correct it there, and bring the new request.',
  },
  'not-assigned': {
    title: 'This license key is not sold yet',
    meaning: 'It exists, but it belongs to no customer.',
    next: 'Ask the seller to assign it to you. Then send this request again.',
  },
  'product-not-active': {
    title: 'This software is no longer licensed',
    meaning: 'The seller has ended the licensing of this product.',
    next: 'Ask the seller how to go on.',
  },
  blocked: {
    title: 'This license is blocked',
    meaning: 'The seller blocks a license after a refund, for example, or if a payment is disputed.',
    next: 'Ask the seller to unblock it. Then send this request again.',
  },
  expired: {
    title: 'This license has expired',
    meaning: 'A new license file would not be valid any longer than the license.',
    next: 'Renew the license with the seller. Then send this request again.',
  },
  'limit-reached': {
    title: 'All devices of this license are in use',
    meaning:
      'The license is active on as many devices as it allows. A device that was freed may count until its license file ends.',
    next: 'Deactivate the license on a device that you no longer use, or buy a license for more devices. Then send this request again.',
  },
  'algorithm-unavailable': {
    title: 'This server cannot make such a file',
    meaning: 'The machine asks for a license file that is signed with RSA, and the seller has no key for it.',
    next: 'Tell the seller of the software. Only the seller can fix this.',
  },
  'access-denied': {
    title: 'Access is blocked',
    meaning: 'The seller has blocked this machine, or the network that you use now.',
    next: 'If you do not know why, ask the seller.',
    isFinal: true,
  },
  'too-many-requests': {
    title: 'Too many requests',
    meaning: 'Too many requests from your network were refused, or came within a short time.',
    next: 'Check the license key on the machine in the meantime.',
    isFinal: true,
  },
  unavailable: UNAVAILABLE,
  // The page activates and does not encrypt, so these outcomes of a check-out do not occur.
  'activation-not-found': UNAVAILABLE,
  activated: UNAVAILABLE,
  'key-too-weak': UNAVAILABLE,
}
