import HTTPTypes
import NIOHPACK

extension ResponseEncoder {
    /// Returns the header of the answer for HTTP/2 (RFC 9113 §8.3.2).
    static func fields(
        _ response: Response, requestID: String, date: String, isNegotiated: Bool
    ) -> HPACKHeaders {
        var fields = HPACKHeaders()
        fields.reserveCapacity(response.headers.count + 5)
        fields.add(name: ":status", value: String(response.status.code))
        fields.add(name: "date", value: date)
        // Keeps the id out of the HPACK table. The id is different in each answer, so it would only push other fields
        // out of the table.
        fields.add(name: "x-request-id", value: requestID, indexing: .nonIndexable)
        for field in response.headers where !isReserved(field.name) {
            fields.add(name: field.name.canonicalName, value: field.value)
        }
        if isNegotiated, response.headers[.vary] == nil {
            fields.add(name: "vary", value: "Accept")
        }
        if case .length(let length) = framing(of: response, version: .http11) {
            fields.add(name: "content-length", value: String(length), indexing: .nonIndexable)
        }
        return fields
    }
}
