// zlib's gz* functions: segments of the ledger are gzip files (https://www.zlib.net/manual.html#Gzip).
#include <zlib.h>
