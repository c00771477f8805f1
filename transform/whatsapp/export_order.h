/* export_order.h: in which order an exported chat writes day and month.
 *
 * The file does not say it; what it shows is collected over the dates given, in the file's order:
 * numbers above 12, names of attachments that carry a date, steps backward in time.
 * Source:  reference/whatsapp.md 7.4.
 * Owns:    the dates added, until wa_order_done.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_EXPORT_ORDER_H
#define SLUICE_TRANSFORM_WHATSAPP_EXPORT_ORDER_H

#include "lib/buf.h"
#include "transform/whatsapp/export_scan.h"

#define WA_NO_FLIP SIZE_MAX

struct wa_order_dates {
    struct buf dates;
    size_t count;
};

struct wa_order_found {
    enum wa_order order;
    size_t flip_at;     /* index of the first date written in the other order; WA_NO_FLIP: none */
    bool is_guess;      /* nothing in the file decided */
    bool is_year_first; /* the first date is, and so needs no order */
    bool is_mixed;      /* both orders, more than one change: cannot be read */
    int64_t mixed_at;   /* offset of the date that shows it */
};

void wa_order_init(struct wa_order_dates *dates, size_t most_bytes);
void wa_order_done(struct wa_order_dates *dates);
/* text: the line, whose attachment's name may carry a date; offset: its place in the document.
 * false: no room for more. */
bool wa_order_add(struct wa_order_dates *dates, const struct wa_header *header, struct str text,
                  int64_t offset);
void wa_order_find(const struct wa_order_dates *dates, struct wa_order_found *found_out);
/* The order of the date at an index. */
enum wa_order wa_order_at(const struct wa_order_found *found, size_t index);

#endif
