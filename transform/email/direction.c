#include "transform/email/direction.h"

#include <strings.h>

#include "transform/email/address.h"
#include "transform/email/words.h"

/* ---- own addresses ---- */

static struct str domain_of(struct str address) /* with its "@" */
{
    const char *at = address.n > 0 ? memrchr(address.p, '@', address.n) : NULL;
    return at != NULL ? (struct str){at, address.n - (size_t)(at - address.p)} : STR_NULL;
}

static size_t local_length(struct str address)
{
    return address.n - domain_of(address).n;
}

static size_t untagged_length(struct str address)
{
    size_t local = local_length(address);
    const char *plus = local > 0 ? memchr(address.p, '+', local) : NULL;
    return plus != NULL && plus != address.p ? (size_t)(plus - address.p) : local;
}

static bool same_untagged(struct str a, struct str b)
{
    size_t n = untagged_length(a);
    struct str a_domain = domain_of(a), b_domain = domain_of(b);
    return n == untagged_length(b) && a_domain.n == b_domain.n && strncasecmp(a.p, b.p, n) == 0 &&
           (a_domain.n == 0 || strncasecmp(a_domain.p, b_domain.p, a_domain.n) == 0);
}

bool mail_is_own(const struct mail_own *own, struct str address)
{
    if (address.n == 0)
        return false;
    if (own->account.n > 0 && same_untagged(own->account, address))
        return true;
    struct str domain = domain_of(address);
    for (size_t i = 0; i < own->settings->own_count; i++) {
        struct str listed = own->settings->own[i];
        if (listed.n == 0)
            continue;
        bool is_domain = listed.p[0] == '@';
        if (is_domain ? domain.n == listed.n && strncasecmp(domain.p, listed.p, listed.n) == 0
                      : same_untagged(listed, address))
            return true;
    }
    return false;
}

struct str mail_address_untagged(struct arena *arena, struct str address)
{
    const struct str parts[] = {{address.p, untagged_length(address)}, domain_of(address)};
    return address.n > 0 ? arena_join(arena, parts, 2) : STR_NULL;
}

/* ---- sides ---- */

static bool has_own(const struct mail_own *own, const struct mail_addresses *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (mail_is_own(own, list->v[i].address))
            return true;
    return false;
}

static const struct mail_address *first_stranger(const struct mail_own *own,
                                                 const struct mail_addresses *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (!mail_is_own(own, list->v[i].address))
            return &list->v[i];
    return NULL;
}

/* Who stands behind a form, a relay or a list that writes in its own name. */
static bool find_original(struct arena *arena, const struct mail *mail, const struct mail_own *own,
                          struct mail_address *out)
{
    static const char *const headers[] = {"X-Original-From", "X-Original-Sender"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct mail_addresses list;
        if (!mail_addresses_parse(arena, mail_header_text(mail, headers[i]), &list))
            return false;
        const struct mail_address *stranger = first_stranger(own, &list);
        if (stranger != NULL) {
            *out = *stranger;
            return true;
        }
    }
    const struct mail_address *stranger = first_stranger(own, &mail->reply_to);
    if (stranger != NULL)
        *out = *stranger;
    return stranger != NULL;
}

/* From: "Ana via Soporte" <soporte@...>, as lists write it for DMARC. */
static bool is_rewritten(const struct mail_address *from)
{
    return words_hold(from->name, " via ");
}

static bool find_sender(struct arena *arena, const struct mail *mail, struct mail_address *out)
{
    if (mail->from.n > 0) {
        *out = mail->from.v[0];
        return true;
    }
    struct mail_addresses path;
    struct str text = mail->envelope_from;
    if (text.n == 0)
        text = mail_header_text(mail, "Return-Path");
    if (!mail_addresses_parse(arena, text, &path) || path.n == 0)
        return false;
    *out = path.v[0];
    return true;
}

static void find_recipient(const struct mail *mail, const struct mail_own *own,
                           struct mail_sides *out)
{
    const struct mail_addresses *const lists[] = {&mail->to, &mail->cc, &mail->bcc};
    size_t count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        count += lists[i]->n;
        const struct mail_address *stranger = first_stranger(own, lists[i]);
        if (stranger != NULL) {
            out->contact = *stranger;
            return;
        }
    }
    out->is_internal = count > 0;
}

bool mail_sides_find(struct arena *arena, const struct mail *mail, const struct mail_own *own,
                     bool is_sent, struct mail_sides *out)
{
    *out = (struct mail_sides){.is_outbound = false};
    if (!find_sender(arena, mail, &out->sender))
        return false;
    bool is_own = mail_is_own(own, out->sender.address);
    bool may_stand_for_another =
        !is_sent && (is_rewritten(&out->sender) || (is_own && has_own(own, &mail->to)));
    if (may_stand_for_another && find_original(arena, mail, own, &out->sender))
        is_own = false;
    out->is_outbound = is_sent || is_own;
    out->is_own_address_unknown = is_sent && !is_own;
    if (out->is_outbound)
        find_recipient(mail, own, out);
    else
        out->contact = out->sender;
    return true;
}
