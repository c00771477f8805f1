/* sent.h: what was sent through a provider's API, as its request and response.
 *
 * Shape:   {"request": body of the request, "response": body of the answer}, an array of such
 * pairs, or JSON Lines of them.
 *   Postmark  /email, /email/withTemplate, /email/batch (arrays), /email/batchWithTemplates
 *   SendGrid  /v3/mail/send. The answer has no body: its id is the header X-Message-Id, given as
 *             response.headers["X-Message-Id"] (in any case; a text or an array) or as
 *             response.message_id. All personalizations share the one id, and are one mail to all.
 *   Mailgun   /messages and /messages.mime (field "message"), the form's fields as an object; a
 *             repeated field is an array
 *   Resend    /emails, /emails/batch
 *   SES       SendEmail of both versions, SendRawEmail. The pair has "region" ("eu-west-1"), unless
 *             an ARN of the request names it: it is part of the mail's id (event.h).
 * Result:  outbound mails with the ids that events have too (event.h). Their time is the
 * provider's, where the answer has one, else the capture's.
 * Errors:  an answer that refuses the mail: nothing was sent, the pair is counted as ignored.
 * Neither id nor refusal: a reject.
 * Source:  DESIGN 9, canonical-model 11.5.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_EMAIL_SENT_H
#define SLUICE_TRANSFORM_EMAIL_SENT_H

#include "transform/email/json_mail.h"

/* What an answer without an id is: a refusal, counted, or no answer at all, a reject. */
enum rc sent_without_id(struct map *map, bool is_refused, struct err *err) MUST_USE;
/* The pair lacks its request or its response. */
enum rc sent_incomplete(struct map *map, bool has_request, struct err *err) MUST_USE;

/* One mail of a batch; response NULL: there are fewer answers. */
typedef enum rc sent_emit_fn(struct map *map, const void *request, const void *response,
                             struct err *err);
/* A batch and its answers, side by side. */
enum rc sent_batch(struct map *map, const struct jpath_list *requests,
                   const struct jpath_list *responses, sent_emit_fn *emit,
                   struct err *err) MUST_USE;

#endif
