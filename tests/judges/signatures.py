"""Says as JSON what pyHanko finds about each signature of a PDF: signatures.py ROOT_PEM PDF."""

import json
import sys

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext


def main(root_pem: str, pdf: str) -> None:
    root = load_cert_from_pemder(root_pem)
    found = []
    with open(pdf, "rb") as file:
        for signature in PdfFileReader(file).embedded_signatures:
            context = ValidationContext(trust_roots=[root], allow_fetching=False)
            status = validate_pdf_signature(signature, signer_validation_context=context)
            found.append(
                {
                    "field": signature.field_name,
                    "subfilter": str(signature.sig_object.get("/SubFilter")),
                    "bottom_line": status.bottom_line,
                    "intact": status.intact,
                    "trusted": status.trusted,
                    "coverage": status.coverage.name,
                    "modification": status.modification_level.name
                    if status.modification_level is not None
                    else None,
                }
            )
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
