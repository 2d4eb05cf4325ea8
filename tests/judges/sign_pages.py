"""Makes a PDF of pages with img2pdf and signs it with pyHanko, as often as it is asked.

sign_pages.py MODULE PIN OFFICER AUTHORITY JPEG...: for each line read, does it once and answers
with the seconds taken, by the clock and of the processor, and with the file's size. Everything that
can be kept between two files is kept: the process, both tokens' sessions, certificates, images.
"""

import io
import json
import sys
import time

import img2pdf
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session


def signed(pdf: io.BytesIO, field: str, signer: PKCS11Signer) -> io.BytesIO:
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason="Chứng thực bản sao đúng với bản chính",
    )
    return signers.sign_pdf(IncrementalPdfFileWriter(pdf), metadata, signer=signer)


def main(module: str, pin: str, officer: str, authority: str, *pages: str) -> None:
    keys = [
        PKCS11Signer(
            open_pkcs11_session(
                module, token_criteria=TokenCriteria(label=label), user_pin=pin
            ),
            cert_label=label,
            key_label=label,
            use_raw_mechanism=True,
        )
        for label in (officer, authority)
    ]
    images = [open(page, "rb").read() for page in pages]
    for _ in sys.stdin:
        clock, processor = time.perf_counter(), time.process_time()
        file = io.BytesIO(img2pdf.convert(images))
        file = signed(file, "Officer", keys[0])
        first = time.perf_counter() - clock, time.process_time() - processor
        file = signed(file, "Authority", keys[1])
        both = time.perf_counter() - clock, time.process_time() - processor
        answer = {"first": first, "both": both, "bytes": file.getbuffer().nbytes}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
