// zlib: segments of the ledger are gzip files, and answers are compressed (https://www.zlib.net/manual.html).
#include <zlib.h>
