import PolicyServer
import Testing

struct PageCursorTests {
    @Test(arguments: ["/calico/x", "a b", "ü", "??>>", "1", "12.3"])
    func `a cursor decodes to the position it was made from`(_ position: String) throws {
        let text = PageCursor(list: "subnets", position: position).text
        #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
        #expect(PageCursor(text: text, list: "subnets")?.position == position)
    }

    @Test func `a cursor of another list is refused`() {
        let text = PageCursor(list: "subnets of west", position: "x").text
        #expect(PageCursor(text: text, list: "subnets of east") == nil)
        #expect(PageCursor(text: text, list: "subnets") == nil)
    }

    @Test(arguments: ["", "!", "c3VibmV0cw", "c3VibmV0cwo", "c3VibmV0cwp4=", "////", "A"])
    func `a text that is not a cursor is refused`(_ text: String) {
        #expect(PageCursor(text: text, list: "subnets") == nil)
    }
}
