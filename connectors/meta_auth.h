/* meta_auth.h: webhooks of Meta (WhatsApp Cloud API): GET verification and X-Hub-Signature-256.
 *
 * Source:  reference/whatsapp.md 1.2 (handshake) and 1.3 (signature, with two test vectors).
 * Timing:  auth_hmacs.h; tokens are compared in constant time too. */
#ifndef SLUICE_CONNECTORS_META_AUTH_H
#define SLUICE_CONNECTORS_META_AUTH_H

#include "connectors/auth.h"

extern const struct auth_channel meta_auth;

#endif
